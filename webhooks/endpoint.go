package webhooks

import (
	"context"
	"errors"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/hashicorp/go-retryablehttp"
)

// endpoint delivers events to one URL.
type endpoint struct {
	Endpoint
	courier     *courier
	client      *retryablehttp.Client
	turns       *turns
	letters     *letters
	outbox      *outbox       // nil: nothing is kept
	lease       *lease        // nil: attempts may always begin
	waitingRoom *waitingRoom  // where what is in the outbox waits
	replay      chan struct{} // a token for each client that is replayed now
	ttl         time.Duration

	life     context.Context // ends when attempts are to be cut off
	stopping context.Context // ends when nothing new is to be begun

	seen      *seen
	log       *slog.Logger
	failing   *quiet // attempts that failed
	refusing  *quiet // connects that the backend refused
	dying     *quiet // events that became dead letters
	garbled   *quiet // replies that can't be read
	delivered atomic.Uint64
	failed    atomic.Uint64 // attempts
}

// tooOld says whether a message is past its time to live.
func (e *endpoint) tooOld(j *job) bool {
	return j.fresh && time.Since(j.ev.Timestamp.Time) > e.ttl
}

// run makes the attempts at a job until it is decided or must stop.
func (e *endpoint) run(ctx context.Context, j *job) {
	end, why := e.lastCall(j)
	j.begin(ctx, e.stopping, end, why)
	defer j.span.release()
	for taken := e.begin(j); taken; taken = e.take(j.span, j) {
		if j.seat != nil {
			e.lead(j)
		}
		if j.seat == nil { // a batch has it, or had
			if !j.goesOnAlone() {
				return
			}
		} else if e.send(j); !j.cut || j.stopped != nil {
			return
		}
	}
}

// goesOnAlone says whether a job that has travelled in a batch is to be sent again, and
// returns when it may be.
func (j *job) goesOnAlone() bool {
	s := j.share
	j.share = nil
	if s.reply != nil {
		j.past.reply = s.reply
		return false
	}
	return !j.putsOff(s.after) && j.pause(s.after)
}

// lastCall is when a job need wait no longer, and why: one for the outbox waits for a
// slot however long its backend is away.
func (e *endpoint) lastCall(j *job) (end time.Time, why error) {
	if !j.deadline.IsZero() {
		return j.deadline, errOverdue
	}
	if e.outbox == nil || j.isConnect() {
		return
	}
	if j.plan.postponed {
		end, why = j.plan.until, errSpent
	}
	if expiry := j.ev.Timestamp.Add(e.ttl + 1); j.fresh && (end.IsZero() || expiry.Before(end)) {
		end, why = expiry, errExpired
	}
	return
}

// How long a job waits for a slot while the breaker is open: a connect's client
// waits with it; quick tries would be over soon.
const (
	connectPatience = 500 * time.Millisecond
	quickPatience   = 5 * time.Second
)

func (j *job) patience() time.Duration {
	switch {
	case j.isConnect():
		return connectPatience
	case j.plan.postponed:
		return endless
	}
	return quickPatience
}

// begin is take for the first attempt. A connect waits half its time at most: in a
// storm of them whatever began later would be cut short, so that its client is
// sent away though the backend has let it in.
func (e *endpoint) begin(j *job) bool {
	if j.deadline.IsZero() {
		return e.take(j.span, j)
	}
	half := j.span.until(j.deadline.Add(-e.Timeout/2), errOverdue)
	defer half.release()
	return e.take(half, j)
}

// take waits until the job's next attempt may begin: for the fence, and for a slot or
// its share of another's batch. false: the job ends here, and stopped says why.
func (e *endpoint) take(span *span, j *job) bool {
	for {
		if j.stopped = e.lease.wait(span, j); j.stopped != nil || !e.sit(span, j) {
			return false
		}
		if j.seat == nil || e.lease.valid() {
			return true
		}
		e.leave(j, unknown, silent)
	}
}

// sit waits for the slot.
func (e *endpoint) sit(span *span, j *job) bool {
	s := &seat{job: j, patience: j.patience(), waiter: waiter{class: j.class(), addr: j.addr(), uid: j.uid()}}
	s.owner = s
	if j.past.attempt() > 0 {
		s.kind = repeated
	}
	if j.stopped = span.cause(); j.stopped != nil {
		return false
	}
	if j.stopped = e.turns.take(span, s); j.stopped != nil {
		if errors.Is(j.stopped, errAway) && !j.isConnect() {
			j.past.missed(time.Now())
		}
		return false
	}
	if s.state == riding {
		return true
	}
	j.seat, j.probed = s, s.probe
	switch {
	case span.cause() != nil:
		j.stopped = span.cause()
	case e.tooOld(j):
		j.stopped = errExpired
	default:
		if err := e.load(&j.parcel); err != nil {
			e.lost(&j.parcel, err)
			j.stopped = errUnread
			if errors.Is(err, errLost) {
				j.stopped = errLost
			}
			break
		}
		return true
	}
	e.leave(j, unknown, silent)
	return false
}

// leave gives the job's slot back.
func (e *endpoint) leave(j *job, how load, says sign) {
	if j.seat == nil {
		return
	}
	turned := e.turns.give(j.seat, how, says)
	j.seat = nil
	switch turned {
	case hasOpened:
		e.log.Warn("the breaker is open: the backend is away, and is only probed until it answers", "endpoint", e.Name, "url", e.courier.shown)
	case hasClosed:
		e.log.Info("the breaker is closed: the backend is back", "endpoint", e.Name, "url", e.courier.shown)
	}
	if turned != unturned || says == well {
		e.waitingRoom.ring()
	}
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
	case <-j.span.Done():
		j.stopped = j.span.cause()
		return false
	}
}
