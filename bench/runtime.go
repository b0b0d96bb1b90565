// What goroutines cost: the counterpart of runtime.c, where Go has one.
package main

import (
	"fmt"
	"os"
	"runtime"
	"sort"
	"strconv"
	"strings"
	"sync"
	"time"
)

type request struct {
	answer chan int
}

func serve(in chan request) {
	count := 0
	for r := range in {
		count++
		r.answer <- count
	}
}

func calls(in chan request, n int) {
	answer := make(chan int)
	for i := 0; i < n; i++ {
		in <- request{answer}
		<-answer
	}
}

func clients(servers []chan request, n int) {
	var wait sync.WaitGroup
	for _, s := range servers {
		wait.Add(1)
		go func(s chan request) {
			calls(s, n)
			wait.Done()
		}(s)
	}
	wait.Wait()
}

func perSecond(n int, took time.Duration) float64 {
	return float64(n) / took.Seconds()
}

func timed(f func()) time.Duration {
	start := time.Now()
	f()
	return time.Since(start)
}

func casts(n int) {
	in := make(chan int, 1024)
	done := make(chan int)
	go func() {
		count := 0
		for range in {
			count++
		}
		done <- count
	}()
	for i := 0; i < n; i++ {
		in <- i
	}
	close(in)
	<-done
}

func spawns(n int) {
	var wait sync.WaitGroup
	for i := 0; i < n; i++ {
		wait.Add(1)
		go wait.Done()
		if i%10000 == 9999 {
			wait.Wait()
		}
	}
	wait.Wait()
}

func ring(nodes, hops int) time.Duration {
	first := make(chan int)
	done := make(chan bool)
	to := first
	for i := 0; i < nodes; i++ {
		from := make(chan int)
		go func(from, to chan int) {
			for k := range from {
				if k == 0 {
					done <- true
					continue
				}
				to <- k - 1
			}
		}(from, to)
		to = from
	}
	go func(to chan int) {
		for k := range first {
			to <- k
		}
	}(to)
	start := time.Now()
	first <- hops
	<-done
	return time.Since(start)
}

func fanIn(senders, each int) {
	in := make(chan int, 1024)
	for s := 0; s < senders; s++ {
		go func() {
			for i := 0; i < each; i++ {
				in <- i
			}
		}()
	}
	for i := 0; i < senders*each; i++ {
		<-in
	}
}

func sky(out chan int, number, size int) {
	if size == 1 {
		out <- number
		return
	}
	size /= 10
	in := make(chan int)
	for i := 0; i < 10; i++ {
		go sky(in, number+i*size, size)
	}
	sum := 0
	for i := 0; i < 10; i++ {
		sum += <-in
	}
	out <- sum
}

func skynet(leaves int) {
	out := make(chan int)
	go sky(out, 0, leaves)
	if <-out != leaves*(leaves-1)/2 {
		panic("wrong sum")
	}
}

func resident() float64 {
	text, _ := os.ReadFile("/proc/self/status")
	kb := 0.0
	for _, line := range strings.Split(string(text), "\n") {
		fields := strings.Fields(line)
		if len(fields) > 1 && (fields[0] == "VmRSS:" || fields[0] == "VmPTE:") {
			n, _ := strconv.ParseFloat(fields[1], 64)
			kb += n
		}
	}
	return kb * 1024
}

func waiting(n int) float64 {
	before := resident()
	stop := make(chan bool)
	for i := 0; i < n; i++ {
		go func() { <-stop }()
	}
	runtime.Gosched()
	return (resident() - before) / float64(n)
}

// Set-up in ns, lateness in us, bytes of each.
func timers(n, leadMs int) (float64, float64, float64) {
	late := make([]float64, n)
	for i := range late {
		late[i] = 1 // touched before memory is looked at
	}
	late = late[:0]
	before := resident()
	var lock sync.Mutex
	var wait sync.WaitGroup
	wait.Add(n)
	start := time.Now()
	for i := 0; i < n; i++ {
		delay := time.Duration(leadMs+i%1000)*time.Millisecond - time.Since(start)
		due := time.Now().Add(delay)
		time.AfterFunc(delay, func() {
			l := time.Since(due)
			lock.Lock()
			late = append(late, float64(l.Nanoseconds())/1000)
			lock.Unlock()
			wait.Done()
		})
	}
	setup := float64(time.Since(start).Nanoseconds()) / float64(n)
	size := (resident() - before) / float64(n)
	wait.Wait()
	sort.Float64s(late)
	return setup, late[n-1-n/100], size
}

// Slices, each copied by who sends it; one is under way while the next is made.
func lists(n, length int) time.Duration {
	list := make([]int, length)
	for i := range list {
		list[i] = i + 1
	}
	in, out := make(chan []int, 2), make(chan int, 2)
	go func() {
		for got := range in {
			out <- got[0]
		}
	}()
	defer close(in)
	return timed(func() {
		in <- append([]int(nil), list...)
		for i := 1; i < n; i++ {
			in <- append([]int(nil), list...)
			<-out
		}
		<-out
	})
}

func main() {
	row, kind := os.Args[1], os.Args[2]
	n := func(i int) int {
		if len(os.Args) <= i {
			return 0
		}
		v, _ := strconv.Atoi(os.Args[i])
		return v
	}
	a, b := n(3), n(4)
	figure, unit := 0.0, "ns"
	switch kind {
	case "call":
		in := make(chan request)
		go serve(in)
		calls(in, a/10)
		figure = float64(timed(func() { calls(in, a) }).Nanoseconds()) / float64(a)
	case "calls":
		servers := make([]chan request, 8)
		for i := range servers {
			if i < b {
				servers[i] = make(chan request)
				go serve(servers[i])
			} else {
				servers[i] = servers[i%b]
			}
		}
		clients(servers, a/10)
		figure, unit = perSecond(8*a, timed(func() { clients(servers, a) })), "/s"
	case "cast":
		casts(a / 10)
		figure = float64(timed(func() { casts(a) }).Nanoseconds()) / float64(a)
	case "spawn":
		spawns(a / 10)
		figure, unit = perSecond(a, timed(func() { spawns(a) })), "/s"
	case "ring":
		ring(b, a/10)
		figure = float64(ring(b, a).Nanoseconds()) / float64(a)
	case "fan_in":
		fanIn(a, b/10)
		figure, unit = perSecond(a*b, timed(func() { fanIn(a, b) })), "/s"
	case "skynet":
		skynet(a / 10)
		figure, unit = timed(func() { skynet(a) }).Seconds()*1000, "ms"
	case "idle", "waiting":
		figure, unit = waiting(a), "B"
	case "timers":
		_, figure, _ = timers(a, b)
		unit = "us"
	case "timers_setup":
		figure, _, _ = timers(a, b)
	case "timers_size":
		_, _, figure = timers(a, b)
		unit = "B"
	case "list":
		lists(a/10, b)
		figure, unit = float64(lists(a, b).Nanoseconds())/float64(a)/1000, "us"
	default:
		os.Exit(0)
	}
	fmt.Printf("%s\t%.4f\t%s\n", row, figure, unit)
}
