package powerloss

import (
	"io"
	"net/http"
	"sync"
	"testing"
	"time"
)

// pulse tells how long a machine has stood still. An emulated one does so for
// seconds where the host is busy, and what its gateway does every 100 ms waits too.
type pulse struct {
	mu    sync.Mutex
	beats []beat // guarded by mu; the last one may not have ended
}

// beat is one question to the gateway, and when the answer was there.
type beat struct{ asked, answered time.Time }

const (
	// often is the time between two questions.
	often = 20 * time.Millisecond
	// recently is the time before a cut in which it matters how slow the machine was.
	recently = 3 * time.Second
	// calm is the longest standstill of a machine from which anything can be said of time.
	calm = 100 * time.Millisecond
)

// feel takes a machine's pulse until the function that it returns is called.
func feel(t *testing.T, m *Machine) (p *pulse, stop func()) {
	t.Helper()
	p = &pulse{}
	over, done := make(chan struct{}), make(chan struct{})
	client := http.Client{Timeout: time.Minute, Transport: &http.Transport{}}
	go func() {
		defer close(done)
		defer client.CloseIdleConnections()
		for {
			select {
			case <-over:
				return
			case <-time.After(often):
			}
			p.mu.Lock()
			p.beats = append(p.beats, beat{asked: time.Now()})
			p.mu.Unlock()
			r, err := client.Get("http://" + m.Admin + "/healthz")
			if err != nil {
				return // the power is gone
			}
			_, _ = io.Copy(io.Discard, r.Body)
			_ = r.Body.Close()
			p.mu.Lock()
			p.beats[len(p.beats)-1].answered = time.Now()
			p.mu.Unlock()
		}
	}()
	return p, func() { close(over); <-done }
}

// standstill is the longest time for which nothing was heard of the machine, of
// what reached into the time shortly before a cut.
func (p *pulse) standstill(cut time.Time) (longest time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, b := range p.beats {
		end := b.answered
		if end.IsZero() || end.After(cut) {
			end = cut
		}
		if end.After(cut.Add(-recently)) {
			longest = max(longest, end.Sub(b.asked))
		}
	}
	return longest
}

// How long a machine stood still counts if that reached into the time before the cut.
func TestPulse(t *testing.T) {
	cut := time.Now()
	before := func(d time.Duration) time.Time { return cut.Add(-d) }
	p := &pulse{beats: []beat{
		{before(30 * time.Second), before(20 * time.Second)},
		{before(5 * time.Second), before(2 * time.Second)},
		{before(time.Second), before(500 * time.Millisecond)},
	}}
	if got := p.standstill(cut); got != 3*time.Second {
		t.Errorf("it stood still for %s, not for 3s", got)
	}
	p.beats = append(p.beats, beat{asked: before(4 * time.Second)})
	if got := p.standstill(cut); got != 4*time.Second {
		t.Errorf("it stands still for %s, not for 4s", got)
	}
	if got := p.standstill(before(25 * time.Second)); got != 5*time.Second {
		t.Errorf("it stood still for %s then, not for 5s", got)
	}
}
