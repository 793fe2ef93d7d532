package webhooks

import (
	"context"
	"errors"
	"time"
)

// run is a row of attempts without a wait in the outbox between them.
type run struct {
	most    int           // what past.tries may come to in it
	span    *span         // how long it may wait
	seat    *seat         // the slot that the job holds, or nil
	probed  bool          // its last slot was an open breaker's
	cut     bool          // the fence has overtaken its last attempt
	putOff  bool          // it ends since the backend has asked for a long wait between quick tries
	after   time.Duration // the wait that a batch has left it with
	stopped error         // why it ended before its tries were used up, or didn't begin
}

// Why a job ends early.
var (
	errExpired = errors.New("the message is past its time to live")
	errOverdue = errors.New("the time for a connect's tries is over")
	errStopped = errors.New("the gateway stops")
	errAway    = errors.New("the backend has been away: no attempt was made")
	errUnread  = errors.New("the event can't be read from where it is kept")
	errLost    = errors.New("the event's record is lost")
	errSpent   = errors.New("the time for all tries is over")
)

// run makes the attempts at a job until it is decided or must stop.
func (e *endpoint) run(ctx context.Context, j *job) {
	end, why := e.lastCall(j)
	j.run.span = newSpan(ctx, e.stopping, j, end, why)
	defer j.run.span.release()
	for taken := e.begin(j); taken; taken = e.take(j.run.span, j) {
		if j.run.seat != nil {
			e.lead(j)
		}
		if j.run.seat == nil { // a batch has it, or had
			if !j.goesOnAlone() {
				return
			}
		} else if e.send(j); !j.run.cut || j.run.stopped != nil {
			return
		}
	}
}

// goesOnAlone says whether a job that has travelled in a batch is to be sent again, and
// returns when it may be.
func (j *job) goesOnAlone() bool {
	if j.past.ruling == accepted {
		return false
	}
	return !j.putsOff(j.run.after) && j.pause(j.run.after)
}

// lastCall is when a job need wait no longer, and why: one for the outbox waits for a
// slot however long its backend is away.
func (e *endpoint) lastCall(j *job) (end time.Time, why error) {
	if !j.terms.deadline.IsZero() {
		return j.terms.deadline, errOverdue
	}
	if e.outbox == nil || j.isConnect() {
		return
	}
	if j.plan.postponed {
		end, why = j.plan.until, errSpent
	}
	if expiry, ok := e.expiry(j); ok && (end.IsZero() || expiry.Before(end)) {
		end, why = expiry, errExpired
	}
	return
}

// wantsAnother says whether the job is to be tried again, now that an attempt
// has ended.
func (j *job) wantsAnother(now time.Time) bool {
	if j.run.cut || j.past.ruling != again || j.past.tries >= j.run.most {
		return false
	}
	if j.run.stopped = j.run.span.cause(); j.run.stopped != nil {
		return false
	}
	wait, asked := j.past.last.retryAfter(now)
	if j.terms.deadline.IsZero() {
		return !j.putsOff(wait) && !(j.terms.replayed && wait > longestPause)
	}
	if !asked {
		wait = shortestPause(j.past.tries - 1)
	}
	if now.Add(wait).Before(j.terms.deadline) {
		return true
	}
	j.run.stopped = errOverdue
	return false
}

// putsOff says whether a job goes on in the outbox, since its backend has asked for so
// long a wait between quick tries.
func (j *job) putsOff(wait time.Duration) bool {
	j.run.putOff = j.terms.outbox && wait > longestPause && j.mayWait()
	return j.run.putOff
}

// pause waits before the job's next attempt.
func (j *job) pause(d time.Duration) bool {
	if d <= 0 {
		return true
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-j.run.span.Done():
		j.run.stopped = j.run.span.cause()
		return false
	}
}
