# The front door. Underneath are meson and ninja (meson.build).
#
#     make build       everything, into build/
#     make run         the sequence of numbers, with its console; where standard input is no terminal,
#                      a session with it
#     make test        every test; T=NAME only those, COP_SEED=81 with that seed, V=1 every name
#     make check       all that CI checks
#     make bench       measures, beside Erlang and Go where they are installed; ROWS="a b" only those
#     make bench-quick has the hot path become dearer? counts instructions, in under two minutes
#     make fuzz        every fuzzer, each for FUZZ_S seconds
#     make stress      the tests again and again, each time with another seed; TIMES=20; those of
#                      races 1,000 times in each
#     make mutate      changes COUNT=300 lines, one at a time, and asks the tests which they find;
#                      SEED=N the same ones again
#     make release     as it is installed and measured, into build-release/
#     make install     PREFIX=/usr/local DESTDIR=
#     make clean

BUILD   ?= build
RELEASE ?= build-release
PREFIX  ?= /usr/local
FUZZ_S  ?= 60
TIMES   ?= 20
COUNT   ?= 300

# What is exported is what somebody set: a plain `make` leaves the choice of compiler to meson.
ifeq ($(origin CC),default)
unexport CC
else
export CC
endif
export COP_SEED

.PHONY: build release run test check bench bench-quick fuzz stress mutate install clean setup

# The first build takes minutes: it says so, and on a terminal how far it is.
build: setup
	@tools/configure $(BUILD) $(OPTIONS)
	@if [ -e $(BUILD)/libcoppice.a ]; then quiet=--quiet; else \
	    echo "Building Coppice, its tests and its examples; this takes some minutes the first time"; \
	    [ -t 1 ] && quiet= || quiet=--quiet; fi; \
	ninja $$quiet -C $(BUILD) $(NINJA_FLAGS)

release: setup
	@tools/configure $(RELEASE) -Doptimization=3 -Dwhole=true $(OPTIONS)
	@ninja --quiet -C $(RELEASE) $(NINJA_FLAGS)

setup:
	@tools/setup

run: build
	@tools/run-example $(BUILD)

test: build
	@tools/run-tests $(if $(V),--verbose) $(BUILD) $(T)

check:
	@.ci/run

bench: release
	@tools/bench $(RELEASE) $(ROWS)

bench-quick: release
	@tools/bench-quick $(RELEASE)

fuzz:
	@tools/fuzz $(FUZZ_S) $(T)

stress: build
	@COP_TEST_TIMES=1000 tools/run-tests --times=$(TIMES) $(BUILD) $(T)

mutate: build
	@tools/mutate --count=$(COUNT) $(if $(SEED),--seed=$(SEED)) $(BUILD)/mutate

install: release
	@meson configure $(RELEASE) -Dprefix=$(PREFIX)
	@ninja --quiet -C $(RELEASE) $(NINJA_FLAGS)
	@DESTDIR="$(DESTDIR)" meson install -C $(RELEASE) --no-rebuild

clean:
	@rm -rf build build-*
