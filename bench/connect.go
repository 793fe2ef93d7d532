package main

import (
	"errors"
	"os"
	"time"
)

func connectAndClose(s *server, o options) ([]figure, error) {
	cpu, err := comingAndGoing(s, o)
	return []figure{{"connect and close without webhooks: CPU each", "µs", "≤ 100", cpu}}, err
}

// journal weighs what keeping every connect on record costs, against a node that
// keeps nothing.
func journal(o options) ([]figure, error) {
	forgetful, _, err := withWebhooks(o)
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "gatepost-bench-")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	kept, fresh, err := withWebhooks(o, "GATEPOST_DATA_DIR="+dir)
	if err != nil {
		return nil, err
	}
	return []figure{
		{"connect and close with webhooks, nothing kept: CPU each", "µs", "", forgetful},
		{"the same with journal and outbox", "µs", "", kept},
		{"memory of a fresh node with a store", "MiB", "", float64(fresh) / (1 << 20)},
	}, nil
}

// withWebhooks also weighs the node before the first client comes.
func withWebhooks(o options, env ...string) (cpu float64, fresh int64, err error) {
	s, stop, err := startWithBackend(o, 0, env...)
	if err != nil {
		return 0, 0, err
	}
	defer stop()
	if _, fresh, err = s.usage(); err != nil {
		return 0, 0, err
	}
	cpu, err = comingAndGoing(s, o)
	return cpu, fresh, err
}

// comingAndGoing opens clients and closes them as browsers do, and waits until
// they are gone and all their events are through.
func comingAndGoing(s *server, o options) (cpu float64, err error) {
	rounds := o.clients
	return s.perUnit(rounds, func() error {
		sockets, err := openAll(s, rounds)
		defer closeAll(sockets)
		if err != nil {
			return err
		}
		for _, s := range sockets {
			if err := s.sendClose(); err != nil {
				return err
			}
		}
		late := time.After(patience)
		for _, s := range sockets {
			select {
			case <-s.ended:
			case <-late:
				return errors.New("the connections did not end in time")
			}
		}
		return waitFor(s.settled) // asked once, as a rule: it costs the node something
	})
}
