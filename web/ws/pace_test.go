package ws

import (
	"testing"
	"time"
)

// paced is a client that floods a node.
type paced struct {
	pace
	now  time.Time
	late time.Duration // the node is, after each wait
}

// turn takes the next turn and waits for it.
func (p *paced) turn() (wait time.Duration, patient bool) {
	wait, patient = p.next(p.now, 1, throttledFor)
	if wait > 0 {
		p.held += wait + p.late
		p.now = p.now.Add(wait + p.late)
	}
	return wait, patient
}

// rest lets time pass in which the client sends nothing.
func (p *paced) rest(d time.Duration) {
	p.rested(d)
	p.now = p.now.Add(d)
}

func newPaced(late time.Duration) *paced {
	return &paced{pace: newPace(10), now: time.Unix(1_000_000, 0), late: late}
}

func TestPace(t *testing.T) {
	p := newPaced(0)
	for i := range 20 {
		if wait, _ := p.turn(); wait != 0 {
			t.Fatalf("message %d of the burst waits %v", i, wait)
		}
	}
	if wait, patient := p.turn(); wait != 100*time.Millisecond || !patient {
		t.Fatalf("the first above the burst: %v, %v, want 100ms and patience", wait, patient)
	}
}

// Who floods without a break is at the end of the node's patience in time, also where the
// node is so busy that it is late after each wait, and finds that the next turns are due.
func TestPatienceEnds(t *testing.T) {
	for _, late := range []time.Duration{0, 30 * time.Millisecond, 500 * time.Millisecond, 3 * time.Second} {
		p := newPaced(late)
		begun := p.now
		for patient := true; patient; _, patient = p.turn() {
			if p.now.Sub(begun) > throttledFor+late+time.Second {
				t.Fatalf("late by %v: patience doesn't end after %v", late, throttledFor)
			}
		}
		if took := p.now.Sub(begun); took < throttledFor-late-time.Second {
			t.Errorf("late by %v: patience ends after %v, want %v", late, took, throttledFor)
		}
	}
}

// A break begins it anew, and what the client waits itself counts for it.
func TestABreakIsForgiven(t *testing.T) {
	for name, tt := range map[string]struct{ flood, pause, times time.Duration }{
		"a break now and then":     {19 * time.Second, breakFor, 1},
		"as much pause as flood":   {2 * time.Second, breakFor / 2, 4},
		"as much in small pieces":  {time.Second, 10 * time.Millisecond, 100},
		"much, after a long flood": {18 * time.Second, breakFor * 9 / 10, 20},
	} {
		p := newPaced(0)
		for range 100 {
			for end := p.now.Add(tt.flood); p.now.Before(end); {
				if _, patient := p.turn(); !patient {
					t.Fatalf("%s: no patience after being held back for %v", name, p.held)
				}
			}
			for range tt.times {
				p.rest(tt.pause)
			}
		}
	}
}

func TestPatienceAtLowRates(t *testing.T) {
	for _, tt := range []struct {
		rate float64
		want time.Duration
	}{{0, throttledFor}, {100, throttledFor}, {0.5, throttledFor}, {0.1, 40 * time.Second}} {
		if got := patienceAt(tt.rate); got != tt.want {
			t.Errorf("patienceAt(%v) = %v, want %v", tt.rate, got, tt.want)
		}
	}
}
