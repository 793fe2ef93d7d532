package main

import (
	"os"
	"slices"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"gatepost/test/logs"
)

// What ends a node, and what doesn't.
func TestEndings(t *testing.T) {
	const hup, term, intr = syscall.SIGHUP, syscall.SIGTERM, syscall.SIGINT
	for name, c := range map[string]struct {
		closes     bool
		sent, ends []os.Signal
		lines      int
		atOnce     bool // all that is sent, without a pause
	}{
		"a service that is told to load anew":              {sent: []os.Signal{hup, hup}, lines: 2},
		"and is ended then":                                {sent: []os.Signal{hup, term}, ends: []os.Signal{term}, lines: 1},
		"a terminal that closes":                           {closes: true, sent: []os.Signal{hup}, ends: []os.Signal{hup}},
		"whose shell says so too":                          {closes: true, sent: []os.Signal{hup, hup}, ends: []os.Signal{hup}},
		"in which Ctrl-C was typed before":                 {closes: true, sent: []os.Signal{intr, hup}, ends: []os.Signal{intr}},
		"one who can't wait":                               {sent: []os.Signal{term, intr}, ends: []os.Signal{term, intr}},
		"timeout, which sends its signal to the group too": {atOnce: true, sent: []os.Signal{term, term}, ends: []os.Signal{term}},
		"a process to which everything is told at once": {
			atOnce: true, sent: []os.Signal{hup, hup, hup, hup, hup, hup, term}, ends: []os.Signal{term},
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var log logs.Log
				signals := make(chan os.Signal)
				passed := endings(signals, log.Logger(), func() bool {
					time.Sleep(terminalWait)
					return c.closes
				})
				for _, s := range c.sent {
					select {
					case signals <- s:
					case <-time.After(terminalLook):
						t.Fatalf("%v isn't taken", s)
					}
					if !c.atOnce {
						time.Sleep(terminalWait + sameOrder)
					}
				}
				time.Sleep(terminalWait)
				close(signals)
				synctest.Wait()
				var ends []os.Signal
				for len(passed) > 0 {
					ends = append(ends, <-passed)
				}
				if lines := log.Count("SIGHUP"); !slices.Equal(ends, c.ends) || lines != c.lines {
					t.Errorf("%v were passed on, with %d lines; want %v, %d", ends, lines, c.ends, c.lines)
				}
			})
		})
	}
}
