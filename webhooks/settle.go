package webhooks

import (
	"context"
	"errors"
	"time"

	"gatepost/protocol"
)

// settle takes a job to its end: the quick tries, and where they find the backend
// away, those from the outbox.
func (e *endpoint) settle(ctx context.Context, j *job) protocol.Outcome {
	j.terms.outbox = e.outbox != nil && !j.isConnect()
	if e.outbox.keepsFirst(j.ev.Type) {
		e.outbox.keep(e.Name, j, false)
	}
	if !j.plan.postponed || e.await(ctx, j) {
		e.run(ctx, j)
		for e.postpone(j) && e.await(ctx, j) {
			e.run(ctx, j)
		}
	}
	if j.past.ruling != accepted && j.past.ruling != final && errors.Is(context.Cause(ctx), ErrDiscarded) {
		j.run.stopped = ErrDiscarded
	}
	return e.end(j)
}

// postpone puts a job whose run has ended into the outbox. false: it has ended
// for good.
func (e *endpoint) postpone(j *job) bool {
	if !j.terms.outbox || !j.mayWait() || !j.reschedule(time.Now()) {
		return false
	}
	most := j.past.tries + 1
	if j.run.putOff {
		most = j.past.tries + quickTries - j.past.attempt()
	}
	j.run = run{most: most}
	j.record.current = j.body == nil // without its bytes it can't be written anew
	if j.past.last != nil {
		j.past.last.header = nil
	}
	if e.outbox.keep(e.Name, j, false) && len(j.body) > smallBody {
		j.body = nil
	}
	return true
}

// await waits until a job in the outbox may be tried: it is due, or the endpoint
// has answered another well, or its breaker looks for events to probe with. false:
// the job ends here, and stopped says why.
func (e *endpoint) await(ctx context.Context, j *job) bool {
	e.waitingRoom.enter()
	defer e.waitingRoom.leave()
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		bell, rung := e.waitingRoom.listen()
		now := time.Now()
		switch {
		case ctx.Err() != nil:
			j.run.stopped = context.Cause(ctx)
		case e.stopping.Err() != nil:
			j.run.stopped = errStopped
		case e.tooOld(j):
			j.run.stopped = errExpired
		}
		if j.run.stopped != nil {
			return false
		}
		if j.plan.ripe(rung, now) || !j.plan.asked && e.turns.away() {
			return true
		}
		next, hears := j.plan.next(now)
		if !hears {
			bell = nil
		}
		if expiry, ok := e.expiry(j); ok {
			next = earliest(next, expiry)
		}
		timer.Reset(next.Sub(now))
		select {
		case <-timer.C:
		case <-bell:
		case <-ctx.Done():
		case <-e.stopping.Done():
		}
	}
}

// end says what became of a job, and files it accordingly: a delivered event is
// off the record once its reply has been carried out, one that was given up goes on
// later if it can be kept, and all else is a dead letter. Of a connect only the
// client is told.
func (e *endpoint) end(j *job) protocol.Outcome {
	o := e.outcome(j)
	switch {
	case o.Verdict == protocol.Delivered:
		e.delivered.Add(1)
		if j.record.exists {
			o.Done = func() { e.outbox.forget(j) }
		}
	case j.isConnect():
	case errors.Is(j.run.stopped, ErrGivenUp):
		e.outbox.forget(j)
	case errors.Is(j.run.stopped, ErrDiscarded):
		e.outbox.forget(j)
		o.Verdict = protocol.Discarded
	case o.Verdict == protocol.Aborted && e.outbox != nil && e.leaveOver(j):
		o.Verdict = protocol.Kept
	default:
		e.bury(j)
	}
	return o
}

// leaveOver puts an event that was given up on record, for the next start.
func (e *endpoint) leaveOver(j *job) bool {
	if j.body == nil {
		return j.record.exists // as it stood when it had its bytes
	}
	return e.outbox.keep(e.Name, j, true) || j.record.kept
}
