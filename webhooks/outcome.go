package webhooks

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"gatepost/protocol"
)

// deliver runs the delivery of ev and says how it ended. What can't be delivered
// becomes a dead letter, a connect excepted: its client is told.
func (e *endpoint) deliver(ctx context.Context, path, traceID string, ev *protocol.Event) protocol.Outcome {
	j, err := e.newJob(ev, path, traceID)
	if err != nil { // a session or claims that aren't JSON: no backend's fault, and nothing that could be kept
		e.log.Error("an event can't be encoded", "endpoint", e.Name, "event", ev.Type, "id", ev.ID, "error", err)
		return protocol.Outcome{Verdict: gone(ev)}
	}
	return e.settle(ctx, j)
}

// unsent is the outcome of an event that comes after the end.
func (e *endpoint) unsent(path, traceID string, ev *protocol.Event) protocol.Outcome {
	j, err := e.newJob(ev, path, traceID)
	if err != nil {
		return protocol.Outcome{Verdict: protocol.Aborted}
	}
	j.run.stopped = errStopped
	return e.end(j)
}

// gone is the verdict on an event that can't be delivered.
func gone(ev *protocol.Event) protocol.Verdict {
	if ev.Type == protocol.Connect {
		return protocol.Unavailable
	}
	return protocol.Dead
}

// outcome says how a job has ended.
func (e *endpoint) outcome(j *job) protocol.Outcome {
	o := protocol.Outcome{OwesClose: j.isConnect() && j.past.owes}
	switch {
	case j.past.ruling == accepted:
		o.Verdict, o.Reply = protocol.Delivered, j.past.reply
	case j.past.ruling == refused:
		o.Verdict, o.Status, o.Text = protocol.Refused, j.past.last.status, protocol.Clip(j.past.last.body, protocol.MaxRefusalBytes)
	case j.givenUp():
		o.Verdict = protocol.Aborted
	default:
		o.Verdict = gone(j.ev)
	}
	return o
}

// givenUp says whether a job ended for want of interest or of time of ours, and not
// because its own time was over.
func (j *job) givenUp() bool {
	switch {
	case j.run.stopped == nil, errors.Is(j.run.stopped, errOverdue), errors.Is(j.run.stopped, errExpired),
		errors.Is(j.run.stopped, errAway), errors.Is(j.run.stopped, errSpent), errors.Is(j.run.stopped, errLost):
		return false
	}
	return true
}

// bury makes an event that could not be delivered a dead letter.
func (e *endpoint) bury(j *job) {
	err, cut := e.load(&j.parcel), false
	if errors.Is(err, errLost) {
		cut, j.run.stopped = true, errLost
		err = j.restore()
	}
	if err != nil {
		e.lost(&j.parcel, err) // what is on record stays there, for the next start
		return
	}
	reason := j.reason()
	e.seen.dead.WithLabelValues(e.Name, string(j.ev.Type), string(reason)).Inc()
	attrs := []slog.Attr{slog.String("endpoint", e.Name), slog.String("event", string(j.ev.Type)), slog.String("id", j.id),
		slog.String("client_id", j.ev.Data.ClientID), slog.String("reason", string(reason)), slog.Int("attempts", j.past.attempt())}
	if j.past.last != nil {
		attrs = append(attrs, j.past.last.told()...)
	}
	e.dying.say("an event is a dead letter", attrs...)
	e.letters.keep(&letter{event: withoutContents(j.ev), body: j.body, trace: j.trace, endpoint: e.Name, reason: reason,
		attempts: j.past.failed, diedAt: time.Now(), cut: cut})
}

// reason is why a job's event is a dead letter.
func (j *job) reason() Reason {
	switch {
	case j.past.ruling == final:
		return Rejected
	case errors.Is(j.run.stopped, errLost):
		return Lost
	case errors.Is(j.run.stopped, errExpired):
		return Expired
	case errors.Is(j.run.stopped, errAway), errors.Is(j.run.stopped, errSpent):
		return Exhausted
	case j.run.stopped != nil:
		return Stopped
	}
	return Exhausted
}
