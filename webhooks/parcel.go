package webhooks

import (
	"errors"
	"log/slog"
	"time"

	"gatepost/protocol"
	"gatepost/store"
)

// parcel is what a job sends, the same on every attempt.
type parcel struct {
	ev    *protocol.Event // nil: a batch
	id    string          // webhook-id
	body  []byte          // the JSON; nil where it waits on disk, see load
	trace string
	path  string // where the client connected
	bare  bool   // ev is only the envelope: the rest of the event is on record alone
}

// newParcel is an event without its JSON. An empty traceID stands for a trace of its own.
func newParcel(ev *protocol.Event, path, traceID string) parcel {
	return parcel{ev: ev, id: ev.ID, path: path, trace: traceOr(traceID)}
}

// label is what backends, logs and metrics are told that it is.
func (p *parcel) label() string {
	if p.ev == nil {
		return "batch"
	}
	return string(p.ev.Type)
}

func (p *parcel) isConnect() bool { return p.ev != nil && p.ev.Type == protocol.Connect }

// clientID is whose event it is; empty: a batch.
func (p *parcel) clientID() string {
	if p.ev == nil {
		return ""
	}
	return p.ev.Data.ClientID
}

// born is what the event's age counts from, by a clock that isn't set.
func (p *parcel) born() time.Time {
	if p.ev.Born.IsZero() {
		return p.ev.Timestamp.Time
	}
	return p.ev.Born
}

// addr is the address whose share it takes.
func (p *parcel) addr() string {
	if p.ev == nil {
		return ""
	}
	return subscriber(p.ev.Data.RemoteAddr)
}

// uid is the user whose share it takes, or empty.
func (p *parcel) uid() string {
	if p.ev == nil || p.ev.Data.UID == nil {
		return ""
	}
	return *p.ev.Data.UID
}

// class is whose slots it takes.
func (p *parcel) class() class {
	if p.ev == nil {
		return messages
	}
	return classOf(p.ev.Type)
}

// load brings the bytes of a parcel back that were dropped while it waited.
func (e *endpoint) load(p *parcel) error {
	if p.body != nil {
		return nil
	}
	var err error
	if !p.bare {
		p.body, err = encode(p.ev)
		return err
	}
	p.body, err = e.outbox.read(e.life, p.id)
	switch {
	case !errors.Is(err, store.ErrNotFound) && !errors.Is(err, store.ErrDamaged):
		return err
	case p.ev.Type != protocol.Close:
		return errLost
	}
	// How the client ended is known still, and that it did is what counts.
	e.log.Error("a close in the outbox is lost; it is sent without its groups and session", "endpoint", e.Name, "id", p.id, "error", err)
	return p.restore()
}

// restore makes the event anew, of which only the envelope is left.
func (p *parcel) restore() (err error) {
	ev := *p.ev
	ev.Data.Groups, ev.Data.Session = []string{}, protocol.EmptySession
	p.ev = &ev
	p.body, err = encode(p.ev)
	return err
}

// lost tells of an event whose bytes can't be had any more.
func (e *endpoint) lost(p *parcel, err error) {
	e.failing.say("an event in the outbox can't be read", slog.String("endpoint", e.Name), slog.String("event", p.label()),
		slog.String("id", p.id), slog.String("error", err.Error()))
}
