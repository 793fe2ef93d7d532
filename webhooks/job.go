package webhooks

import (
	"context"
	"errors"
	"time"

	"gatepost/protocol"
)

// job is the delivery of one event, or of a batch, at one endpoint. It belongs
// to one goroutine; a job that travels in another's batch belongs to that one's
// until it has arrived.
type job struct {
	parcel

	past   past
	plan   plan
	record record

	most     int       // tries that this run may come to
	fresh    bool      // whether it can have become too old
	replayed bool      // it is a dead letter's
	deadline time.Time // when all must be decided; zero: never
	waits    bool      // there is an outbox for it
	putOff   bool      // the backend has asked for so long a pause that it waits there between quick tries

	probed bool // the last slot was an open breaker's

	cut bool // the fence has overtaken the last attempt

	span  *span  // of the run
	seat  *seat  // the slot it holds, or nil
	share *share // how it went in another's batch, or nil

	stopped error // why it ended before its tries were used up
}

// newJob is the delivery of an event. An empty traceID stands for a trace of its own.
func (e *endpoint) newJob(ev *protocol.Event, path, traceID string) (*job, error) {
	j := newJob(newParcel(ev, path, traceID))
	var err error
	if j.body, err = encode(ev); err != nil {
		return nil, err
	}
	if j.isConnect() {
		j.deadline = time.Now().Add(e.Timeout)
	}
	return j, nil
}

func newJob(p parcel) *job {
	return &job{parcel: p, most: quickTries, fresh: p.ev.Type == protocol.Inbound}
}

// share is how an event fared in a batch.
type share struct {
	reply *protocol.Reply // nil: send it again by itself
	after time.Duration   // not before
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

// jobKey is what a span knows its job by.
type jobKey struct{}

func jobOf(ctx context.Context) *job { return ctx.Value(jobKey{}).(*job) }

// ended takes an attempt's answer in.
func (j *job) ended(a *answer, r ruling) {
	j.past.ended(a, r)
	j.record.current = false
}

// wantsAnother says whether the job is to be tried again, now that an attempt
// has ended.
func (j *job) wantsAnother(now time.Time) bool {
	if j.cut || j.past.ruling != again || j.past.tries >= j.most {
		return false
	}
	if j.stopped = j.span.cause(); j.stopped != nil {
		return false
	}
	wait, asked := j.past.last.retryAfter(now)
	if j.deadline.IsZero() {
		return !j.putsOff(wait) && !(j.replayed && wait > longestPause)
	}
	if !asked {
		wait = shortestPause(j.past.tries - 1)
	}
	if now.Add(wait).Before(j.deadline) {
		return true
	}
	j.stopped = errOverdue
	return false
}

// putsOff says whether a job goes on in the outbox, since its backend has asked for so
// long a wait between quick tries.
func (j *job) putsOff(wait time.Duration) bool {
	j.putOff = j.waits && wait > longestPause && j.mayWait()
	return j.putOff
}

// classOf is the class whose slots an event takes.
func classOf(t protocol.EventType) class {
	switch t {
	case protocol.Connect:
		return connects
	case protocol.Close:
		return closes
	default:
		return messages
	}
}
