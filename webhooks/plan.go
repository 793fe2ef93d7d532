package webhooks

import "time"

// plan is how far a job has come in the schedule of the outbox, and when it is tried
// next.
type plan struct {
	postponed bool      // it waits in the outbox, or has
	asked     bool      // the backend has asked this sender to wait until due
	step      int       // waits of the schedule begun
	due       time.Time // of the next try
	over      time.Time // when the schedule's own wait is over: due, or later
	until     time.Time // when the schedule is over
	notBefore time.Time // a success elsewhere counts from then on
	rashes    int       // failures in a row of tries before their time
	heard     uint64    // rings of the waiting room's bell before the last attempt ended
}

// goOn begins the schedule's next wait. false: it is spent.
func (p *plan) goOn(now time.Time) bool {
	if p.step == len(laterPauses) {
		return false
	}
	p.over = now.Add(laterPauses[p.step])
	p.step++
	p.notBefore, p.rashes = now, 0
	return true
}

// heed lets the next try wait for as long as the backend asks. Where that is less
// than the schedule's own wait, such tries come ever more slowly: a backend that
// goes on asking for another would have the event dead within seconds, or see it
// all the time.
func (p *plan) heed(wait time.Duration, now time.Time) {
	p.due = now.Add(wait)
	if p.due.Before(p.over) {
		p.due = earliest(p.over, now.Add(max(wait, p.calm())))
	}
	p.over = latest(p.over, p.due)
}

// calm is the shortest wait after a try before its time.
func (p *plan) calm() time.Duration { return min(calmFirst<<min(p.rashes, 5), calmMost) }

// calmDown sets when a success elsewhere counts again.
func (p *plan) calmDown(now time.Time) {
	p.notBefore = now.Add(jittered(p.calm()))
	p.rashes++
}

// ripe says whether the next try may begin, where the waiting room's bell has been rung
// so often.
func (p *plan) ripe(rung uint64, now time.Time) bool {
	return !now.Before(p.due) || !p.asked && !now.Before(p.notBefore) && rung != p.heard
}

// next is when it may be ripe at the earliest without another ring, and whether a ring
// would make it so now. (The bell wakes all that hear it, at each success.)
func (p *plan) next(now time.Time) (at time.Time, hears bool) {
	switch {
	case p.asked:
		return p.due, false
	case now.Before(p.notBefore):
		return earliest(p.due, p.notBefore), false
	}
	return p.due, true
}

func earliest(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

func latest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
