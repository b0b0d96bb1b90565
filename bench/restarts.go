// As restarts.c, of one child, with a supervisor made by hand: a worker that panics is recovered, and started anew.
package main

import (
	"fmt"
	"os"
	"runtime"
	"sort"
	"sync/atomic"
	"time"
)

type worker struct {
	requests chan chan int // nil: crash
}

type supervisor struct {
	current atomic.Value
	gone    chan bool
}

func (s *supervisor) serve(w *worker) {
	defer func() {
		recover()
		s.gone <- true
	}()
	for answer := range w.requests {
		if answer == nil {
			panic("crash")
		}
		answer <- 1
	}
}

func (s *supervisor) run() {
	for {
		w := &worker{make(chan chan int)}
		s.current.Store(w)
		go s.serve(w)
		<-s.gone
	}
}

func (s *supervisor) crash(answer chan int) {
	old := s.current.Load().(*worker)
	old.requests <- nil
	for s.current.Load().(*worker) == old {
		runtime.Gosched()
	}
	s.current.Load().(*worker).requests <- answer
	<-answer
}

func start() (*supervisor, chan int) {
	s := &supervisor{gone: make(chan bool)}
	go s.run()
	for s.current.Load() == nil {
		runtime.Gosched()
	}
	answer := make(chan int, 1)
	for i := 0; i < 250; i++ {
		s.crash(answer)
	}
	return s, answer
}

func main() {
	if len(os.Args) < 2 {
		os.Exit(2)
	}
	switch os.Args[1] {
	case "exit":
		s, answer := start()
		const times = 2000
		var took [times]float64
		for i := range took {
			begin := time.Now()
			s.crash(answer)
			took[i] = float64(time.Since(begin).Nanoseconds()) / 1e3
		}
		sort.Float64s(took[:])
		fmt.Printf("restart_exit\t%f\tus\n", took[times/2])
		fmt.Printf("restart_exit_p99\t%f\tus\n", took[times/100*99])
	case "storm":
		s, answer := start()
		const times = 20000
		begin := time.Now()
		for i := 0; i < times; i++ {
			s.crash(answer)
		}
		fmt.Printf("restart_storm\t%f\t/s\n", times/time.Since(begin).Seconds())
	}
}
