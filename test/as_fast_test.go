package test

import (
	"slices"
	"sync"
	"testing"
	"time"

	"gatepost/test/harness"
	"gatepost/test/wait"
)

// wantAsFast fails the test unless clients have round trips as fast beside some trouble
// as the clients of another node have without it: each is the median of five rounds'
// p99. The rounds take turns, as what else the machine does mustn't count; where it did
// for a moment they are repeated.
func wantAsFast(t *testing.T, alone, beside []*harness.Client, trouble func(during func())) {
	t.Helper()
	const round = 500 * time.Millisecond
	roundTrips(t, alone, 2*round) // connections and the adaptive limit warm up
	roundTrips(t, beside, 2*round)
	for try := range 3 {
		var without, with []time.Duration
		for range 5 {
			without = append(without, p99(roundTrips(t, alone, round)))
			trouble(func() { with = append(with, p99(roundTrips(t, beside, round))) })
		}
		slices.Sort(without)
		slices.Sort(with)
		t.Logf("p99 of five rounds each: alone %s, beside the trouble %s", without, with)
		if with[2] <= without[2]*12/10+5*time.Millisecond { // a few milliseconds more are noise
			return
		}
		if try == 2 {
			t.Errorf("the median p99 is %s alone and %s beside the trouble", without[2], with[2])
		}
	}
}

// roundTrips has each client send a message and await its echo, again and again for so
// long, and says how long each took.
func roundTrips(t *testing.T, clients []*harness.Client, d time.Duration) []time.Duration {
	t.Helper()
	var (
		mu      sync.Mutex
		all     []time.Duration
		talking sync.WaitGroup
	)
	deadline := time.Now().Add(d)
	for _, c := range clients {
		talking.Go(func() {
			for time.Now().Before(deadline) {
				begun := time.Now()
				if err := c.TrySend("ping"); err != nil {
					t.Error(err)
					return
				}
				if _, err := c.TryText(wait.Patience); err != nil {
					t.Error(err)
					return
				}
				mu.Lock()
				all = append(all, time.Since(begun))
				mu.Unlock()
			}
		})
	}
	talking.Wait()
	return all
}

func p99(times []time.Duration) time.Duration {
	if len(times) == 0 {
		return 0
	}
	slices.Sort(times)
	return times[len(times)*99/100]
}
