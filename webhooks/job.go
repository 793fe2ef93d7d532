package webhooks

import (
	"context"
	"time"

	"gatepost/protocol"
)

// job is the delivery of one event, or of a batch, at one endpoint.
type job struct {
	parcel
	terms  terms
	past   past
	run    run
	plan   plan
	record record
}

// terms are what a delivery may take. They are settled before it begins.
type terms struct {
	deadline time.Time // when all must be decided: a connect's; zero: never
	perishes bool      // it may become too old, see endpoint.tooOld
	replayed bool      // it is a dead letter's
	outbox   bool      // there is one for it
}

// newJob is the delivery of an event. An empty traceID stands for a trace of its own.
func (e *endpoint) newJob(ev *protocol.Event, path, traceID string) (*job, error) {
	j := newJob(newParcel(ev, path, traceID))
	var err error
	if j.body, err = encode(ev); err != nil {
		return nil, err
	}
	if j.isConnect() {
		j.terms.deadline = time.Now().Add(e.Timeout)
	}
	return j, nil
}

func newJob(p parcel) *job {
	return &job{parcel: p, terms: terms{perishes: p.ev.Type == protocol.Inbound}, run: run{most: quickTries}}
}

// jobKey is what a span knows its job by.
type jobKey struct{}

func jobOf(ctx context.Context) *job { return ctx.Value(jobKey{}).(*job) }

// ended takes an attempt's answer in.
func (j *job) ended(a *answer, r ruling) {
	j.past.ended(a, r)
	j.record.current = false
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
