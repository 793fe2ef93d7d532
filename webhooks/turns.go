package webhooks

import (
	"context"
	"sync"
	"time"
)

// turns lets goroutines wait for the slots of one endpoint, as far as its breaker
// lets attempts through.
type turns struct {
	mu      sync.Mutex // guards the following
	slots   *slots
	breaker breaker
	known   standings
	clock   *time.Timer   // runs while somebody waits
	shift   chan struct{} // closed at each of its ticks, and when the breaker opens; then there is a new one
	gather  *time.Timer   // runs while a crowd waits
	gathers bool          // it does
}

// seat is a job's place in the turns: waiting, with a slot, or travelling in
// another's.
type seat struct {
	waiter
	job      *job
	patience time.Duration // how long to wait for an open breaker; endless: as long as it takes
	ready    chan struct{} // closed once state is no longer waiting
	state    seatState     // guarded by turns.mu until ready is closed
	probe    bool          // whether the breaker was open then
}

// endless is the patience of who can wait for a backend that is away.
const endless = time.Duration(-1)

type seatState int

const (
	waiting seatState = iota
	seated            // has a slot
	riding            // another takes it along; its job's past says how it went, once ready is closed
)

// newTurns makes the turns of an endpoint with so many slots at most, and as many
// events in a batch.
func newTurns(most, batch int, timeout time.Duration) *turns {
	t := &turns{slots: newSlots(newLimit(most, timeout)), breaker: newBreaker(), known: newStandings(), shift: make(chan struct{})}
	t.slots.crowd.batch = batch
	t.clock = time.AfterFunc(time.Hour, t.tick)
	t.clock.Stop()
	t.gather = time.AfterFunc(time.Hour, t.gathered)
	t.gather.Stop()
	return t
}

// take waits until s has a slot, or until the attempt is over that took it
// along. An error is the cause of the span's end, or errAway where the breaker was open
// for longer than s has patience; it only comes while neither has begun.
//
// In batches nearly all wait, and not for long. To wait for everything that may end it
// costs several times what it costs to wait for a slot, so that a message or close does
// so only from the first shift on: stretchEvery later at most.
func (t *turns) take(span *span, s *seat) error {
	now := time.Now()
	shift, has := t.enter(s, now)
	if has {
		return nil
	}
	if shift != nil && s.class != connects && (span.end.IsZero() || span.end.Sub(now) > stretchEvery) {
		select {
		case <-s.ready:
			return nil
		case <-shift:
		}
	}
	return t.await(span, s)
}

// enter has s wait, unless there is a slot for it at once. shift is nil while the breaker
// is open.
func (t *turns) enter(s *seat, now time.Time) (shift <-chan struct{}, has bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	idle := t.slots.waiting == 0
	s.since = now
	t.recall(s)
	t.slots.add(&s.waiter)
	t.grant(now)
	if s.state == seated {
		return nil, true
	}
	s.ready = make(chan struct{})
	if idle {
		t.arm(now)
	}
	if t.breaker.open {
		return nil, false
	}
	return t.shift, false
}

// await waits for what enter had no slot for, and for whatever else ends that.
func (t *turns) await(span *span, s *seat) error {
	opened, _ := t.reopened()
	if s.patience == endless {
		opened = nil
	}
	var lost <-chan time.Time // at the end of the patience
	var end <-chan time.Time
	if !span.end.IsZero() {
		timer := time.NewTimer(time.Until(span.end))
		defer timer.Stop()
		end = timer.C
	}
	for {
		select { // and not on the span's own Done, which costs more
		case <-s.ready:
			return nil
		case <-span.Context.Done():
			return t.giveUp(s, context.Cause(span.Context))
		case <-span.stopping.Done():
			return t.giveUp(s, errStopped)
		case <-end:
			return t.giveUp(s, span.why)
		case <-opened:
			over := time.NewTimer(s.patience)
			defer over.Stop()
			opened, lost = nil, over.C
		case <-lost:
			if again, open := t.reopened(); !open {
				opened, lost = again, nil
				continue
			}
			return t.giveUp(s, errAway)
		}
	}
}

// giveUp ends the waiting of s, unless it has ended already.
func (t *turns) giveUp(s *seat, why error) error {
	t.mu.Lock()
	if s.state == waiting {
		t.slots.cancel(&s.waiter)
		t.mu.Unlock()
		return why
	}
	t.mu.Unlock()
	<-s.ready
	return nil
}

// reopened says whether the breaker is open, and what is closed when it is.
func (t *turns) reopened() (opened <-chan struct{}, open bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.breaker.opened, t.breaker.open
}

// give returns the slot of s, whose attempt ended so and says so of the backend.
func (t *turns) give(s *seat, how load, says sign) turn {
	now := time.Now()
	t.mu.Lock()
	defer t.mu.Unlock()
	turned := t.breaker.ended(says, s.probe, s.clientID(), s.began, now)
	t.slots.release(&s.waiter, how, s.began, now)
	t.learn(s, how, says, now)
	switch turned {
	case hasOpened:
		t.stir()
	case hasClosed:
		t.slots.limit.recover()
	}
	t.grant(now)
	if (t.breaker.open || turned == hasClosed) && t.slots.waiting > 0 {
		t.arm(now) // a probe's end may have moved the next
	}
	return turned
}

// along takes up to n waiting jobs that fit along in the slot of s. Each must be
// told with arrived.
func (t *turns) along(s *seat, n int, fits func(*job) bool) []*seat {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.slots.led(&s.waiter)
	var taken []*seat
	for len(taken) < n {
		w := t.slots.along(func(w *waiter) bool { return fits(w.owner.job) })
		if w == nil {
			break
		}
		w.owner.state = riding
		taken = append(taken, w.owner)
	}
	t.grant(time.Now()) // to who has waited enough and didn't fit
	return taken
}

// arrived tells a job that travelled along that its share is there.
func (s *seat) arrived() { close(s.ready) }

// grant seats whom there is room for.
func (t *turns) grant(now time.Time) {
	for t.breaker.admits(now) {
		w := t.slots.grant(now)
		if w == nil {
			t.mind(now)
			return
		}
		s := w.owner
		s.state, s.began, s.probe = seated, now, t.breaker.granted(now)
		if s.probe {
			t.slots.led(&s.waiter) // a probe goes alone
		}
		if s.ready != nil {
			close(s.ready)
		}
	}
}

// mind sets the clock for a crowd that waits though there may be slots for it.
func (t *turns) mind(now time.Time) {
	if t.gathers || t.slots.waiting == 0 || t.slots.crowd.batch <= 1 {
		return
	}
	if until := t.slots.crowdUntil(); now.Before(until) {
		t.gathers = true
		t.gather.Reset(until.Sub(now))
	}
}

// gathered lets a crowd go that has waited enough.
func (t *turns) gathered() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.gathers = false
	t.grant(time.Now())
}

// tick lets the limit grow while somebody waits, or the next probe begin.
func (t *turns) tick() {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := time.Now()
	t.stir()
	if !t.breaker.open {
		t.slots.stretch(now)
	}
	t.grant(now)
	if t.slots.waiting > 0 {
		t.arm(now)
	}
}

// rouse has those that wait look at once at what else may end it.
func (t *turns) rouse() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.stir()
}

// stir is rouse with the lock held.
func (t *turns) stir() {
	close(t.shift)
	t.shift = make(chan struct{})
}

// arm sets the clock.
func (t *turns) arm(now time.Time) {
	wait := stretchEvery
	if t.breaker.open {
		wait = max(wait, t.breaker.next.Sub(now))
	}
	t.clock.Reset(wait)
}

// away says whether the breaker is open.
func (t *turns) away() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.breaker.open
}

// load is the turns in numbers, and the state of the breaker.
func (t *turns) load() (limit, held, waiting int, breaker string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.slots.limit.value, t.slots.held, t.slots.waiting, t.breaker.state()
}

// close ends the clocks. Nobody waits any more.
func (t *turns) close() {
	t.clock.Stop()
	t.gather.Stop()
}
