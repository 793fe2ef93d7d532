// Command bench measures what the built gateway spends, as its users would run
// it: tokens checked, metrics on, webhooks signed. It starts the binary on
// loopback, opens real sockets to it, and reads the process's own CPU time and
// resident memory from /proc, so that what the load costs here isn't counted.
//
//	go run ./bench -binary bin/gatepost
//
// Everything is bounded in time and count and ends by itself. Figures from one
// machine compare with figures from the same machine and run only.
package main

import (
	"flag"
	"fmt"
	"os"
	"regexp"
	"slices"
	"time"
)

type options struct {
	binary  string
	clients int
	pushes  int
	calls   int
	trips   int
	runs    int
	only    *regexp.Regexp
}

func main() {
	var o options
	flag.StringVar(&o.binary, "binary", "bin/gatepost", "the built gateway")
	flag.IntVar(&o.clients, "clients", 10_000, "idle clients, and receivers of each push to all")
	flag.IntVar(&o.pushes, "pushes", 50, "pushes of 100 bytes to all of them")
	flag.IntVar(&o.calls, "calls", 20_000, "pushes to one client over HTTP")
	flag.IntVar(&o.trips, "trips", 20_000, "round trips message, webhook, reply")
	flag.IntVar(&o.runs, "runs", 3, "runs of everything; the table shows their minimum, median and maximum")
	only := flag.String("only", "", "regular expression: the scenarios to run, fan-out, push, round trip, batches, connect, journal")
	flag.StringVar(&profileDir, "profiles", "", "a folder for a CPU profile of each measurement, for go tool pprof; the figures are worth less then")
	flag.Parse()
	o.only = regexp.MustCompile(*only)
	if err := run(o); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// scenario measures one or more figures against a node of its own.
type scenario struct {
	name    string
	measure func(o options) ([]figure, error)
}

var scenarios = []scenario{
	{"fan-out", fanOut},
	{"push", pushOverHTTP},
	{"round trip", roundTrip},
	{"batches", batchedRoundTrip},
	{"connect", connectAndClose},
	{"journal", journal},
}

type figure struct {
	name, unit string
	value      float64
}

func run(o options) error {
	raiseFileLimit()
	var order []string
	units := map[string]string{}
	values := map[string][]float64{}
	for r := range o.runs {
		for _, s := range scenarios {
			if !o.only.MatchString(s.name) {
				continue
			}
			begun := time.Now()
			figures, err := s.measure(o)
			if err != nil {
				return err
			}
			fmt.Fprintf(os.Stderr, "run %d of %d: %s in %.1f s\n", r+1, o.runs, s.name, time.Since(begun).Seconds())
			for _, f := range figures {
				if _, known := units[f.name]; !known {
					order = append(order, f.name)
					units[f.name] = f.unit
				}
				values[f.name] = append(values[f.name], f.value)
			}
		}
	}
	fmt.Printf("| what | unit | min | median | max |\n| --- | --- | --- | --- | --- |\n")
	for _, name := range order {
		v := values[name]
		slices.Sort(v)
		fmt.Printf("| %s | %s | %.2f | %.2f | %.2f |\n", name, units[name], v[0], v[len(v)/2], v[len(v)-1])
	}
	return nil
}
