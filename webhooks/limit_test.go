package webhooks

import (
	"testing"
	"time"
)

func TestLimitBeginsAtEight(t *testing.T) {
	for most, want := range map[int]int{1: 1, 5: 5, 8: 8, 64: 8} {
		if l := newLimit(most, 0); l.value != want {
			t.Errorf("of %d it begins at %d, want %d", most, l.value, want)
		}
	}
}

func TestLimitRisesByOneARound(t *testing.T) {
	l, now := newLimit(64, time.Hour), time.Unix(1e9, 0)
	for range 8 {
		l.ended(eased, true, now, now)
	}
	if l.value != 9 {
		t.Errorf("after 8 good answers %d, want 9", l.value)
	}
	for range 10_000 {
		l.ended(eased, true, now, now)
	}
	if l.value != 64 {
		t.Errorf("it grows to %d, want 64", l.value)
	}
	l.value = 8
	for range 1000 {
		l.ended(eased, false, now, now)
	}
	if l.value != 8 {
		t.Errorf("it grew to %d though nobody waited", l.value)
	}
	for range 1000 {
		l.ended(unknown, true, now, now)
	}
	if l.value != 8 {
		t.Errorf("it grew to %d on failures", l.value)
	}
}

func TestLimitFallsOnceARoundTrip(t *testing.T) {
	l, now := newLimit(64, time.Hour), time.Unix(1e9, 0)
	l.value = 64
	began := now
	for range 64 {
		now = now.Add(time.Millisecond)
		l.ended(overloaded, true, began, now)
	}
	if l.value != 44 {
		t.Errorf("a round of refusals: %d, want 44", l.value)
	}
	l.ended(overloaded, true, now, began.Add(lowerAtMost))
	if l.value != 44 {
		t.Errorf("lowered to %d again within %v", l.value, lowerAtMost)
	}
	for range 50 {
		now = now.Add(time.Second)
		l.ended(overloaded, true, now.Add(-time.Millisecond), now)
	}
	if l.value != 1 {
		t.Errorf("it falls to %d, want 1", l.value)
	}
}

// What merely doesn't answer lowers the limit so far only that each class, and a
// second client, still has a slot.
// One refusal in twenty answers isn't an overload; one in ten is.
func TestLimitForgivesFewRefusals(t *testing.T) {
	for good, falls := range map[int]bool{forgivenFor: false, forgivenFor / 2: true} {
		l, now := newLimit(64, time.Hour), time.Unix(1e9, 0)
		for range 100 {
			for range good {
				l.ended(eased, false, now, now)
			}
			now = now.Add(time.Second)
			l.ended(overloaded, false, now.Add(-time.Millisecond), now)
		}
		if (l.value < firstLimit) != falls {
			t.Errorf("after %d good answers for each refusal it is %d", good, l.value)
		}
	}
}

func TestLimitFallsToFourWhereNothingIsAnswered(t *testing.T) {
	for first, want := range map[int]int{64: 4, 4: 4, 2: 2, 1: 1} {
		l, now := newLimit(64, time.Hour), time.Unix(1e9, 0)
		l.value = first
		for range 50 {
			now = now.Add(time.Second)
			l.ended(late, true, now.Add(-time.Millisecond), now)
		}
		if l.value != want {
			t.Errorf("from %d it falls to %d, want %d", first, l.value, want)
		}
		if l.stretch(true, now.Add(stretchEvery)); want < leastLate && l.value != want+1 {
			t.Errorf("at %d it isn't stretched for who waits behind what hangs", want)
		}
	}
}

func TestLimitStretchesWhereNothingComesBack(t *testing.T) {
	l, now := newLimit(10, 10*time.Second), time.Unix(1e9, 0)
	l.stretch(true, now)
	l.stretch(true, now)
	if l.value != 9 {
		t.Errorf("two stretches at once: %d, want 9", l.value)
	}
	now = now.Add(stretchEvery)
	if l.stretch(false, now); l.value != 9 {
		t.Error("stretched though nobody waits")
	}
	l.stretch(true, now)
	now = now.Add(stretchEvery)
	l.stretch(true, now)
	if l.value != 10 {
		t.Errorf("%d, want 10 and no more", l.value)
	}
	l.ended(overloaded, true, now, now)
	value := l.value
	now = now.Add(9 * time.Second)
	if l.stretch(true, now); l.value != value {
		t.Error("stretched soon after an overload")
	}
	now = now.Add(time.Second)
	if l.stretch(true, now); l.value != value+1 {
		t.Error("not stretched long after an overload")
	}
}

// After an outage the limit doubles from round to round, until something is too
// much.
func TestLimitRecoversFastAfterAnOutage(t *testing.T) {
	l, now := newLimit(64, time.Hour), time.Unix(1e9, 0)
	l.value = 1
	l.recover()
	for range 30 {
		l.ended(eased, true, now, now)
	}
	if l.value != 31 {
		t.Errorf("after 30 good answers %d, want 31", l.value)
	}
	l.good = 0
	now = now.Add(time.Second)
	l.ended(overloaded, true, now, now)
	low := l.value
	for range low {
		l.ended(eased, true, now, now)
	}
	if l.value != low+1 {
		t.Errorf("after an overload it goes from %d to %d in a round", low, l.value)
	}
}
