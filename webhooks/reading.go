package webhooks

import (
	"log/slog"
	"strings"

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

// unknownFields tells of fields that the reply to an event, or to a batch, doesn't have.
func (e *endpoint) unknownFields(p *parcel, fields []string) {
	if len(fields) == 0 {
		return
	}
	e.seen.unknown.WithLabelValues(e.Name).Add(float64(len(fields)))
	e.strange.say("a reply has fields that mean nothing; they are passed over", slog.String("endpoint", e.Name), slog.String("url", e.courier.shown),
		slog.String("event", p.label()), slog.String("id", p.id), slog.Any("fields", strangeFields{p.ev, fields}))
}

// strangeFields are fields of a reply to an event, or to a batch, with what was probably
// meant. That is worked out for a line that is written, not for those that it stands for.
type strangeFields struct {
	ev    *protocol.Event
	names []string
}

// LogValue implements slog.LogValuer.
func (f strangeFields) LogValue() slog.Value {
	var t protocol.EventType // a batch's
	if f.ev != nil {
		t = f.ev.Type
	}
	said := make([]string, len(f.names))
	for i, name := range f.names {
		said[i] = oneLine(name, maxHintBytes) + ": " + protocol.ReplyHint(t, name)
	}
	return slog.StringValue(strings.Join(said, "; "))
}
