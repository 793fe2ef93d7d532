package webhooks

import (
	"context"
	"time"

	"gatepost/protocol"
)

// job is the delivery of one event at one endpoint. Its life:
//
//	         ┌──── due, or the backend is back ────┐
//	         ▼                                     │
//	made ──► run ───── the backend is away ───► in the outbox
//	         │                                     │
//	         └─── decided, or stopped ──► end ◄────┘ stopped
//
// What it is made of, in this order:
//
//   - An event that has come (newJob), what an earlier process kept of one
//     (KeptEvent.job), or a dead letter (redeliver) gives the parcel, which is what is
//     sent, and the terms, which are what that may take.
//   - A run (run.go) is up to five attempts. Each waits for a slot (taking.go), or travels
//     in another's batch (batch.go). The past is what came of all of them, in all runs.
//   - The plan (plan.go) says when the next run begins, in the outbox.
//   - The record (outbox.go) is what the Keeper has of it: of a close from the beginning,
//     of a message mostly once it is in the outbox.
//
// settle (settle.go) takes it through all this, on the goroutine that has called Deliver
// or Redeliver; a dead letter's has one run, and no outbox. The job is that goroutine's own
// but for one moment: while it waits for a slot another may look, under the turns' lock,
// whether its parcel and span suit a batch, and from when that takes it along until
// seat.arrived it is the other's.
//
// A batch is a job too: a parcel without an event, and one run of one attempt.
type job struct {
	parcel
	terms  terms
	run    run
	past   past
	plan   plan
	record record
}

// terms are what a delivery may take. They are settled before it begins.
type terms struct {
	deadline time.Time // when all must be decided: a connect's; zero: never
	perishes bool      // it may become too old, see endpoint.tooOld
	replayed bool      // it is a dead letter's
	outbox   bool      // it may go on in the outbox
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
