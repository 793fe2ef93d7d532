package webhooks

import (
	"context"
	"sync"
	"time"
)

// turns lets goroutines wait for the slots of one endpoint.
type turns struct {
	mu    sync.Mutex // guards the following
	slots *slots
	clock *time.Timer // runs while somebody waits
}

// seat is a job's place in the turns: waiting, with a slot, or travelling in
// another's.
type seat struct {
	waiter
	job   *job
	ready chan struct{} // closed once state is no longer waiting
	state seatState     // guarded by turns.mu until ready is closed
	began time.Time     // when the slot was granted
}

type seatState int

const (
	waiting seatState = iota
	seated            // has a slot
	riding            // another takes it along; its job's share says how it went, once ready is closed
)

func newTurns(most int, timeout time.Duration) *turns {
	t := &turns{slots: newSlots(newLimit(most, timeout))}
	t.clock = time.AfterFunc(time.Hour, t.tick)
	t.clock.Stop()
	return t
}

// take waits until s has a slot, or until the attempt is over that took it
// along. An error is the context's cause, and only comes while neither has
// begun.
func (t *turns) take(ctx context.Context, s *seat) error {
	t.mu.Lock()
	idle := t.slots.waiting == 0
	t.slots.add(&s.waiter)
	t.grant()
	if s.state == seated {
		t.mu.Unlock()
		return nil
	}
	s.ready = make(chan struct{})
	if idle {
		t.clock.Reset(stretchEvery)
	}
	t.mu.Unlock()

	select {
	case <-s.ready:
		return nil
	case <-ctx.Done():
	}
	t.mu.Lock()
	if s.state == waiting {
		t.slots.cancel(&s.waiter)
		t.mu.Unlock()
		return context.Cause(ctx)
	}
	t.mu.Unlock()
	<-s.ready
	return nil
}

// give returns the slot of s.
func (t *turns) give(s *seat, how load) {
	now := time.Now()
	t.mu.Lock()
	defer t.mu.Unlock()
	t.slots.release(&s.waiter, how, s.began, now)
	t.grant()
}

// along takes up to n waiting jobs that fit along in one's own slot. Each must
// be told with arrived.
func (t *turns) along(n int, fits func(*job) bool) []*seat {
	t.mu.Lock()
	defer t.mu.Unlock()
	var taken []*seat
	for len(taken) < n {
		w := t.slots.along(func(w *waiter) bool { return fits(w.owner.job) })
		if w == nil {
			break
		}
		w.owner.state = riding
		taken = append(taken, w.owner)
	}
	return taken
}

// arrived tells a job that travelled along that its share is there.
func (s *seat) arrived() { close(s.ready) }

// grant seats whom there is room for.
func (t *turns) grant() {
	now := time.Now()
	for w := t.slots.grant(); w != nil; w = t.slots.grant() {
		w.owner.state, w.owner.began = seated, now
		if w.owner.ready != nil {
			close(w.owner.ready)
		}
	}
}

// tick lets the limit grow while somebody waits.
func (t *turns) tick() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.slots.stretch(time.Now())
	t.grant()
	if t.slots.waiting > 0 {
		t.clock.Reset(stretchEvery)
	}
}

// load is the turns in numbers.
func (t *turns) load() (limit, held, waiting int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.slots.limit.value, t.slots.held, t.slots.waiting
}

// close ends the clock. Nobody waits any more.
func (t *turns) close() { t.clock.Stop() }
