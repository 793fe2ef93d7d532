package webhooks

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"gatepost/protocol"
)

// deliver runs the delivery of ev and says how it ended. What can't be delivered
// is handed to Letters, a connect excepted: its client is told.
func (e *endpoint) deliver(ctx context.Context, traceID string, ev *protocol.Event) protocol.Outcome {
	j, err := e.newJob(ev, traceID)
	if err != nil { // a session or claims that aren't JSON: no backend's fault, and nothing that could be kept
		e.log.Error("an event can't be encoded", "endpoint", e.Name, "event", ev.Type, "id", ev.ID, "error", err)
		return protocol.Outcome{Verdict: gone(ev)}
	}
	e.run(ctx, j)
	o := e.outcome(j)
	if o.Verdict == protocol.Delivered {
		e.delivered.Add(1)
	} else if !j.isConnect() {
		e.bury(j)
	}
	return o
}

// unsent is the outcome of an event that comes after the end.
func (e *endpoint) unsent(ev *protocol.Event) protocol.Outcome {
	if j, err := e.newJob(ev, ""); err == nil && !j.isConnect() {
		j.stopped = errStopped
		e.bury(j)
	}
	return protocol.Outcome{Verdict: protocol.Aborted}
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
	o := protocol.Outcome{OwesClose: j.isConnect() && j.owes}
	switch {
	case j.ruling == accepted:
		o.Verdict, o.Reply = protocol.Delivered, j.reply
	case j.ruling == refused:
		o.Verdict, o.Status, o.Text = protocol.Refused, j.last.status, clip(j.last.body, protocol.MaxRefusalBytes)
	case j.stopped != nil && !errors.Is(j.stopped, errOverdue) && !errors.Is(j.stopped, errExpired):
		o.Verdict = protocol.Aborted
	default:
		o.Verdict = gone(j.ev)
	}
	return o
}

// bury hands an event that could not be delivered to Letters.
func (e *endpoint) bury(j *job) {
	reason := j.reason()
	e.seen.dead.WithLabelValues(e.Name, string(j.ev.Type), string(reason)).Inc()
	attrs := []slog.Attr{slog.String("endpoint", e.Name), slog.String("event", string(j.ev.Type)), slog.String("id", j.id),
		slog.String("client_id", j.ev.Data.ClientID), slog.String("reason", string(reason)), slog.Int("attempts", j.attempt())}
	if j.last != nil {
		attrs = append(attrs, slog.Int("status", j.last.status), slog.String("error", j.last.fault))
	}
	e.dying.say("an event is a dead letter", attrs...)
	e.letters.Keep(&Letter{Event: j.ev, Bytes: len(j.body), Endpoint: e.Name, Reason: reason, Attempts: j.failed, DiedAt: time.Now()})
}

// reason is why a job's event is a dead letter.
func (j *job) reason() Reason {
	switch {
	case j.ruling == final:
		return Rejected
	case errors.Is(j.stopped, errExpired):
		return Expired
	case j.stopped != nil:
		return Stopped
	}
	return Exhausted
}
