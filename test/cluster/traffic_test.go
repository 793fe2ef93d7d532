package cluster

import (
	"encoding/json"
	"slices"
	"sync"
	"testing"
	"time"

	"gatepost/test/harness"
)

// callLimit is how long a call may take when nodes don't answer, and haste what a busy
// machine may add.
const (
	callLimit = 2 * time.Second
	haste     = 500 * time.Millisecond
)

// call is one that a test made while something happened.
type call struct {
	began   time.Time
	took    time.Duration
	status  int    // 0: no answer
	partial string // the nodes that it says are missing
	err     error
}

// traffic is calls that go on while something happens.
type traffic struct {
	t       *testing.T
	stop    chan struct{}
	running sync.WaitGroup
	mu      sync.Mutex
	calls   map[string][]call // guarded by mu; by what they are
}

func newTraffic(t *testing.T) *traffic {
	tr := &traffic{t: t, stop: make(chan struct{}), calls: map[string][]call{}}
	t.Cleanup(tr.end)
	return tr
}

// end stops all of it; a second time it does nothing.
func (tr *traffic) end() {
	select {
	case <-tr.stop:
	default:
		close(tr.stop)
	}
	tr.running.Wait()
}

// every does something again and again, one at a time, so long after each other.
func (tr *traffic) every(pause time.Duration, do func()) {
	tr.running.Go(func() {
		for {
			select {
			case <-tr.stop:
				return
			case <-time.After(pause):
				do()
			}
		}
	})
}

// call makes the same call to a node again and again.
func (tr *traffic) call(what string, pause time.Duration, n *harness.Node, method, path, body string) {
	tr.every(pause, func() {
		one := call{began: time.Now()}
		r, err := n.API(tr.t, "*").Try(method, path, body)
		one.took, one.err = time.Since(one.began), err
		if err == nil {
			one.status, one.partial = r.Status, r.Header.Get("gatepost-partial")
		}
		tr.mu.Lock()
		defer tr.mu.Unlock()
		tr.calls[what] = append(tr.calls[what], one)
	})
}

// between are the calls of a kind that were begun in a stretch of time.
func (tr *traffic) between(what string, from, to time.Time) []call {
	tr.mu.Lock()
	defer tr.mu.Unlock()
	var found []call
	for _, one := range tr.calls[what] {
		if one.began.After(from) && one.began.Before(to) {
			found = append(found, one)
		}
	}
	return found
}

// kinds are what calls were made.
func (tr *traffic) kinds() []string {
	tr.mu.Lock()
	defer tr.mu.Unlock()
	var all []string
	for what := range tr.calls {
		all = append(all, what)
	}
	slices.Sort(all)
	return all
}

// longest is the call that took the longest.
func longest(calls []call) (most call) {
	for _, one := range calls {
		if one.took > most.took {
			most = one
		}
	}
	return most
}

// p99 is what all but one in a hundred calls keep below.
func p99(calls []call) time.Duration {
	if len(calls) == 0 {
		return 0
	}
	var took []time.Duration
	for _, one := range calls {
		took = append(took, one.took)
	}
	slices.Sort(took)
	return took[len(took)*99/100]
}

// arrivals are when a client's messages came.
type arrivals struct {
	mu sync.Mutex
	at []time.Time // guarded by mu
}

// watch reads what comes to a client from now on, as long as there is traffic.
func (tr *traffic) watch(c *harness.Client) *arrivals {
	a := &arrivals{}
	tr.running.Go(func() {
		for {
			if _, err := c.TryText(100 * time.Millisecond); err == nil {
				a.mu.Lock()
				a.at = append(a.at, time.Now())
				a.mu.Unlock()
			}
			select {
			case <-tr.stop:
				return
			default:
			}
		}
	})
	return a
}

// drain reads what comes to clients, as long as there is traffic: one that doesn't read
// sees no ping.
func (tr *traffic) drain(groups ...[]*harness.Client) {
	tr.every(20*time.Millisecond, func() {
		for _, clients := range groups {
			for _, c := range clients {
				for c.Waiting() > 0 {
					_, _ = c.TryText(0)
				}
			}
		}
	})
}

// longestGap is the longest time in which nothing came, of this stretch.
func (a *arrivals) longestGap(from, to time.Time) (gap time.Duration) {
	a.mu.Lock()
	defer a.mu.Unlock()
	last := from
	for _, at := range append(slices.Clone(a.at), to) {
		if at.After(from) && !at.After(to) {
			gap, last = max(gap, at.Sub(last)), at
		}
	}
	return gap
}

func decode(t *testing.T, body []byte, into any) {
	t.Helper()
	if err := json.Unmarshal(body, into); err != nil {
		t.Errorf("%.200s: %v", body, err)
	}
}
