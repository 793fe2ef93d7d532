package webhooks

import (
	"log/slog"

	"gatepost/protocol"
)

// maxHintBytes is how much of an unreadable reply a log line shows.
const maxHintBytes = 200

// read reads the reply in a 2xx. An error is why nothing of it counts.
func (a *answer) read(ev *protocol.Event) (*protocol.Reply, error) {
	return protocol.ParseReply(ev.Type, ev.Data.ClientID, a.body)
}

// unreadable tells of a 2xx, to an event or a batch, whose body is no reply.
func (e *endpoint) unreadable(event, id string, a *answer, err error) {
	e.seen.unreadable.WithLabelValues(e.Name).Inc()
	e.garbled.say("the reply to an event can't be read, nothing of it is carried out",
		slog.String("endpoint", e.Name), slog.String("url", e.courier.shown), slog.String("event", event),
		slog.String("id", id), slog.Int("status", a.status), slog.String("content_type", oneLine(a.header.Get("Content-Type"), 100)),
		slog.String("error", err.Error()), slog.String("hint", hint(a)), slog.String("begins", oneLine(a.body, maxHintBytes)))
}

// unknownFields tells of fields that a reply doesn't have.
func (e *endpoint) unknownFields(ev *protocol.Event, r *protocol.Reply) {
	if len(r.Unknown) == 0 {
		return
	}
	e.seen.unknown.WithLabelValues(e.Name).Add(float64(len(r.Unknown)))
	e.log.Debug("a reply has fields that mean nothing for its event", "endpoint", e.Name, "event", ev.Type, "id", ev.ID,
		"field", oneLine(r.Unknown[0], 100), "fields", len(r.Unknown))
}
