package main

import (
	"errors"
	"slices"
	"sync"
	"time"
)

func roundTrip(o options) ([]figure, error) {
	cpu, _, err := trips(o, 50, 0)
	return []figure{{"message, webhook, reply, one event per POST: CPU per round trip", "µs", "≤ 70", cpu}}, err
}

func batchedRoundTrip(o options) ([]figure, error) {
	cpu, _, err := trips(o, 200, 0, "GATEPOST_WEBHOOK_BATCH=50")
	return []figure{{"the same with batches of 50 and 200 clients", "µs", "≤ 22", cpu}}, err
}

// trips has each of so many clients send the next message when the reply to the
// last one is there, which takes the backend so long. It gives the CPU for each, and
// how long the median one took.
func trips(o options, clients int, latency time.Duration, env ...string) (cpu float64, median time.Duration, err error) {
	s, stop, err := startWithBackend(o, latency, env...)
	if err != nil {
		return 0, 0, err
	}
	defer stop()
	sockets, err := openAll(s, clients)
	defer closeAll(sockets)
	if err != nil {
		return 0, 0, err
	}
	each := o.trips / clients
	took := make([][]time.Duration, clients)
	cpu, err = s.perUnit(each*clients, func() error {
		var wg sync.WaitGroup
		wg.Add(clients)
		for i, s := range sockets {
			sent := time.Now()
			s.handle(func([]byte) {
				took[i] = append(took[i], time.Since(sent))
				if s.received.Load() == int64(each) {
					wg.Done()
					return
				}
				sent = time.Now()
				_ = s.send(opText, []byte("hello")) // a broken socket shows as a round trip that never ends
			})
			if err := s.send(opText, []byte("hello")); err != nil {
				return err
			}
		}
		done := make(chan struct{})
		go func() { wg.Wait(); close(done) }()
		select {
		case <-done:
			return nil
		case <-time.After(patience):
			return errors.New("the round trips did not end in time")
		}
	})
	if err != nil {
		return 0, 0, err
	}
	all := slices.Sorted(slices.Values(slices.Concat(took...)))
	return cpu, all[len(all)/2], nil
}
