package main

import (
	"errors"
	"os"
	"time"
)

// patience bounds every wait of a scenario.
const patience = 120 * time.Second

// scenario measures one or more figures, on servers of its own.
type scenario struct {
	name    string
	measure func(o options) ([]figure, error)
	peer    func(o options) ([]figure, error) // the same on nchan; nil: it has nothing like it
}

var scenarios = []scenario{
	both("fan-out", fanOut),
	both("crowd", crowd),
	both("push", pushOverHTTP),
	{name: "round trip", measure: roundTrip},
	{name: "batches", measure: batchedRoundTrip},
	both("connect", connectAndClose),
	both("latency", latency),
	{name: "journal", measure: journal},
}

// both is a scenario that the peer can do too.
func both(name string, measure func(s *server, o options) ([]figure, error)) scenario {
	return scenario{
		name: name,
		measure: func(o options) ([]figure, error) {
			s, err := startNode(o)
			if err != nil {
				return nil, err
			}
			defer s.stop()
			return measure(s, o)
		},
		peer: func(o options) ([]figure, error) {
			dir, err := os.MkdirTemp("", "gatepost-bench-")
			if err != nil {
				return nil, err
			}
			defer func() { _ = os.RemoveAll(dir) }()
			s, err := startNchan(dir)
			if err != nil {
				return nil, err
			}
			defer s.stop()
			return measure(s, o)
		},
	}
}

func waitFor(done func() bool) error {
	for deadline := time.Now().Add(patience); !done(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			return errors.New("it did not happen in time")
		}
	}
	return nil
}
