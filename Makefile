# The habits of this repository. "make demo" shows it, "make test" proves it.

GO       ?= go
VERSION  ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo devel)
LDFLAGS  := -s -w -X main.version=$(VERSION)
FUZZTIME ?= 20s

# Go would ask git about each clone, and build nothing where git doesn't answer: in one
# that belongs to somebody else, as in a container. The version is the linker's.
export GOFLAGS := $(strip $(shell $(GO) env GOFLAGS) -buildvcs=false)

# Pinned; built once, then cached by go run.
GOLANGCI := github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0

# Everything but the end-to-end tests, which measure times and memory and so
# want the machine for themselves.
UNITS = $(shell $(GO) list -buildvcs=false ./... | grep -v -e '/test' -e '/cluster/membership')

# A simulation in one goroutine, which has no races and needs the time for more worlds.
SIMULATED := ./cluster/membership

# What the race detector would disturb: counts of allocations, and system calls that
# it has to be told of.
UNRACED := ./socket ./hub ./web/...

.PHONY: build demo test setup unit e2e e2e-race power-loss lint bench bench-growth fuzz docs fmt check clean

build: ## bin/gatepost, static
	CGO_ENABLED=0 $(GO) build -trimpath -ldflags '$(LDFLAGS)' -o bin/gatepost ./app

demo: build ## a chat to try it on, without any set-up
	bin/gatepost demo

test: setup unit e2e lint ## install what the tests need, then run them all

setup: ## install what the tests need
	scripts/setup.sh

unit: ## unit tests and fuzz seeds, under the race detector and, where it matters, without
	$(GO) test -race $(UNITS)
	$(GO) test $(UNRACED) $(SIMULATED)

e2e: ## the built binary from outside: clients, backends in Go, PHP and JavaScript, the browser
	$(GO) test -count=1 -p 1 -timeout 15m ./test/...

e2e-race: ## the same on a binary that finds its own data races, without the longest tests
	$(GO) test -race -short -count=1 -timeout 10m ./test

power-loss: ## cut the power of virtual machines that run the gateway, hundreds of times; 10 min
	scripts/power-loss.sh

lint: ## style, mistakes, and the floors: which package may import which
	$(GO) run $(GOLANGCI) run

bench: build ## CPU and memory on this machine, nchan's beside them where it is installed
	$(GO) run ./bench -binary bin/gatepost $(BENCH)

bench-growth: build ## how they grow with clients, message size, groups and the webhook's latency
	$(GO) run ./bench -binary bin/gatepost -growth -runs 3 $(BENCH)

fuzz: ## every fuzz target for FUZZTIME
	scripts/fuzz.sh $(FUZZTIME)

docs: ## what is generated from the code: docs/configuration.md
	$(GO) generate ./app/config

fmt: ## format the code
	$(GO) run $(GOLANGCI) fmt

check: unit lint ## what is quick, before a commit

clean:
	rm -rf bin
