package ws

import (
	"testing"
	"time"
)

func TestPace(t *testing.T) {
	p := newPace(10)
	now := time.Unix(1_000_000, 0)
	for i := range 20 {
		if wait, _ := p.next(now, throttledFor); wait != 0 {
			t.Fatalf("message %d of the burst waits %v", i, wait)
		}
	}
	if wait, patient := p.next(now, throttledFor); wait != 100*time.Millisecond || !patient {
		t.Fatalf("the first above the burst: %v, %v, want 100ms and patience", wait, patient)
	}
	// Without a break: each message comes as soon as it may, and waits.
	begun := now
	for patient := true; patient; {
		var wait time.Duration
		if wait, patient = p.next(now, throttledFor); wait == 0 {
			t.Fatal("a flood isn't throttled")
		}
		now = now.Add(100 * time.Millisecond)
		if now.Sub(begun) > throttledFor+time.Second {
			t.Fatalf("patience doesn't end after %v", throttledFor)
		}
	}
	// A break is forgiven.
	now = now.Add(time.Minute)
	if wait, patient := p.next(now, throttledFor); wait != 0 || !patient {
		t.Errorf("after a break: %v, %v, want neither wait nor impatience", wait, patient)
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
