package powerloss

import (
	"fmt"
	"testing"
	"time"
)

// promise is what survives a power cut.
type promise struct {
	// within is the time before a cut in which what a backend was told of may be lost; 0: in none.
	within time.Duration
	// behind is the time before a cut in which what the store doesn't wait for may be missing: that
	// an event is over, that a client was refused, that a letter is dead.
	behind time.Duration
	// messages are kept before their first attempt.
	messages bool
}

// slower is the promise of a machine that stood still. Whatever it does takes some
// steps, each of which may have had to wait.
func (p promise) slower(standstill time.Duration) promise {
	if p.within > 0 {
		p.within += 3 * standstill
	}
	p.behind += 3 * standstill
	return p
}

// seen is what became of what was told before cuts. Ages are those at the cut.
type seen struct {
	cuts       int
	calm       int           // of machines that didn't stand still; the ages are of these
	owed       int           // events that must come after the cut, and did
	lost       int           // events that didn't come, as may be
	oldestLost time.Duration // since it was told
	repeats    int           // events that were over, and came again
	oldestOver time.Duration // of those, since it was over
	closed     int           // closes of clients that were refused
	oldestNo   time.Duration // of those, since it was refused
	letters    int           // dead letters that must be there, and are
	gone       int           // that aren't there, as may be
	oldestGone time.Duration // of those, since it died
	unfinished int           // logs that ended in an unfinished write
}

func (s *seen) add(o seen) {
	s.cuts += o.cuts
	s.calm += o.calm
	s.owed += o.owed
	s.lost += o.lost
	s.oldestLost = max(s.oldestLost, o.oldestLost)
	s.repeats += o.repeats
	s.oldestOver = max(s.oldestOver, o.oldestOver)
	s.closed += o.closed
	s.oldestNo = max(s.oldestNo, o.oldestNo)
	s.letters += o.letters
	s.gone += o.gone
	s.oldestGone = max(s.oldestGone, o.oldestGone)
	s.unfinished += o.unfinished
}

func (s seen) String() string {
	return fmt.Sprintf("%d cuts, %d of them of calm machines, whose times these are: %d events were owed and came, %d were lost, told of at most %s before; %d came again, over at most %s before; "+
		"%d refused clients got a close, refused at most %s before; %d dead letters stayed, %d were lost, dead at most %s before; %d logs ended in an unfinished write",
		s.cuts, s.calm, s.owed, s.lost, s.oldestLost, s.repeats, s.oldestOver, s.closed, s.oldestNo, s.letters, s.gone, s.oldestGone, s.unfinished)
}

// cut is when the power was cut, and for how long the machine had stood still shortly before.
type cut struct {
	at         time.Time
	standstill time.Duration
}

// judge compares what a backend was told before a cut with what one was told after it.
func judge(t *testing.T, p promise, cut cut, before, after []*fate, letters map[string]bool) (s seen) {
	t.Helper()
	s.cuts = 1
	p = p.slower(cut.standstill)
	oldest := func(of *time.Duration, age time.Duration) {
		if cut.standstill <= calm {
			*of = max(*of, age)
		}
	}
	if cut.standstill <= calm {
		s.calm = 1
	}
	closes := closesOf(t, append(before[:len(before):len(before)], after...))
	came, over := map[string]bool{}, map[string]bool{} // ids; clients whose close the backend took
	for _, f := range after {
		came[f.id] = true
	}
	for _, f := range before {
		if f.kind == "close" && f.final {
			over[f.client] = true
		}
	}
	late := func(f *fate, of *time.Duration, what string) {
		age := cut.at.Sub(f.answered.answered)
		oldest(of, age)
		if age > p.behind {
			t.Errorf("%s: the %s that was answered %d %s before the cut %s; the machine stood still for %s", f.client, f.kind, f.status, age, what, cut.standstill)
		}
	}
	owe := func(f *fate, here bool) {
		if here {
			s.owed++
			return
		}
		age := cut.at.Sub(f.told)
		s.lost++
		oldest(&s.oldestLost, age)
		if age > p.within {
			t.Errorf("%s: the backend was told of the %s %s before the cut, and then nothing came; the machine stood still for %s", f.client, f.kind, age, cut.standstill)
		}
	}
	for _, f := range before {
		switch {
		case f.kind == "connect" && f.final && f.status >= 400:
			if came[closes[f.client]] {
				s.closed++
				late(f, &s.oldestNo, "was followed by a close")
			}
		case f.kind == "connect":
			if !over[f.client] {
				owe(f, came[closes[f.client]])
			}
		case f.final && f.status >= 400 && letters[f.id]:
			s.letters++
		case f.final && f.status >= 400 && !came[f.id]:
			s.gone++
			late(f, &s.oldestGone, "is no dead letter")
		case f.final && came[f.id]:
			s.repeats++
			late(f, &s.oldestOver, "came again")
		case !f.final && (f.kind == "close" || p.messages):
			owe(f, came[f.id])
		}
	}
	return s
}

// closesOf is the id of each client's close. None may have two.
func closesOf(t *testing.T, told []*fate) map[string]string {
	t.Helper()
	closes := map[string]string{}
	for _, f := range told {
		if f.kind != "close" {
			continue
		}
		if id := closes[f.client]; id != "" && id != f.id {
			t.Errorf("%s has two closes, %s and %s", f.client, id, f.id)
		}
		closes[f.client] = f.id
	}
	return closes
}
