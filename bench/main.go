// Command bench measures what the built gateway spends, as its users would run
// it: tokens checked, metrics on, webhooks signed. It starts the binary on
// loopback, opens real sockets to it, and reads the process's own CPU time and
// resident memory from /proc, so that what the load costs here isn't counted.
// Where Debian's nginx with nchan is installed, it is measured in turn with the
// gateway.
//
//	go run ./bench -binary bin/gatepost
//
// Everything is bounded in time and count and ends by itself; an interrupt ends it
// after the present scenario, with the table so far. Figures from one
// machine compare with figures from the same machine and run only.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"regexp"
	"slices"
	"time"

	"golang.org/x/sys/unix"
)

type options struct {
	binary   string
	clients  int
	pushes   int
	calls    int
	trips    int
	runs     int
	peer     bool
	growth   bool
	only     *regexp.Regexp
	profiles string
}

func main() {
	var o options
	flag.StringVar(&o.binary, "binary", "bin/gatepost", "the built gateway")
	flag.IntVar(&o.clients, "clients", 10_000, "idle clients, and receivers of each push to all")
	flag.IntVar(&o.pushes, "pushes", 50, "pushes of 100 bytes to all of them")
	flag.IntVar(&o.calls, "calls", 60_000, "pushes to one client over HTTP")
	flag.IntVar(&o.trips, "trips", 60_000, "round trips message, webhook, reply")
	flag.IntVar(&o.runs, "runs", 5, "runs of everything; the table shows their minimum, median and maximum")
	flag.BoolVar(&o.peer, "peer", true, "measure nginx with nchan too, where it is installed")
	flag.BoolVar(&o.growth, "growth", false, "instead: how the cost grows with clients, message size, groups and the webhook's latency (minutes)")
	only := flag.String("only", "", "regular expression: the scenarios to run, by their names in bench/scenarios.go and bench/growth.go")
	flag.StringVar(&o.profiles, "profiles", "", "a folder for a CPU profile of each measurement of the gateway, for go tool pprof; the figures are worth less then")
	flag.Parse()
	var err error
	if o.only, err = regexp.Compile(*only); err == nil {
		err = run(o)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(o options) error {
	raiseFileLimit()
	set := scenarios
	if o.growth {
		set = growth
	}
	set = slices.DeleteFunc(slices.Clone(set), func(s scenario) bool { return !o.only.MatchString(s.name) })
	if len(set) == 0 {
		return fmt.Errorf("-only %s: no scenario is called so", o.only)
	}
	if o.profiles != "" {
		if err := os.MkdirAll(o.profiles, 0o750); err != nil {
			return fmt.Errorf("-profiles: %w", err)
		}
	}
	t := newTable()
	began := loadAverage()
	interrupted, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	for r := range o.runs {
		for _, s := range set {
			if interrupted.Err() != nil {
				continue
			}
			if err := measure(o, s, t, fmt.Sprintf("run %d of %d", r+1, o.runs)); err != nil {
				return fmt.Errorf("%s: %w", s.name, err)
			}
		}
	}
	t.print(os.Stdout)
	fmt.Printf("\n%s, %d run(s); load average %s before, %s behind it, which counts the benchmark's own.\n",
		time.Now().UTC().Format(time.DateOnly), o.runs, began, loadAverage())
	return nil
}

// measure runs a scenario once: on the gateway, and on the peer if it can.
func measure(o options, s scenario, t *table, label string) error {
	begun := time.Now()
	ours, err := s.measure(o)
	if err != nil {
		return err
	}
	for _, f := range ours {
		t.add(f, gatepost)
	}
	if s.peer != nil && o.peer && peerInstalled() {
		theirs, err := s.peer(o)
		if err != nil {
			return err
		}
		for _, f := range theirs {
			t.add(f, nchan)
		}
	}
	fmt.Fprintf(os.Stderr, "%s: %s in %.1f s\n", label, s.name, time.Since(begun).Seconds())
	return nil
}

// loadAverage is that of the last minute: what else the machine does.
func loadAverage() string {
	text, err := os.ReadFile("/proc/loadavg")
	if err != nil || len(text) < 4 {
		return "unknown"
	}
	return string(text[:4])
}

// raiseFileLimit allows as many sockets as the system does.
func raiseFileLimit() {
	var limit unix.Rlimit
	if unix.Getrlimit(unix.RLIMIT_NOFILE, &limit) == nil {
		limit.Cur = limit.Max
		_ = unix.Setrlimit(unix.RLIMIT_NOFILE, &limit)
	}
}
