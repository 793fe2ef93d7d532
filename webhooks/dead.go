package webhooks

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"gatepost/protocol"
)

// DeadLetter is an event that could not be delivered, as the API shows it.
type DeadLetter struct {
	// Key is the letter's place in a list: what a page's cursor is made of.
	Key string `json:"-"`

	ID       string             `json:"id"`
	Type     protocol.EventType `json:"type"`
	ClientID string             `json:"client_id"`
	Endpoint string             `json:"endpoint"`
	DiedAt   protocol.Time      `json:"died_at"`
	Reason   Reason             `json:"reason"`
	Attempts []Attempt          `json:"attempts"` // the last 50
	// Cut says that the event was too large to be kept whole: its contents are gone,
	// and it can't be replayed.
	Cut bool `json:"cut,omitempty"`

	// Only where one letter was asked for: the headers that it was last sent with,
	// names in lower case and what the configuration adds struck out, and the
	// event's JSON, its cookies masked.
	Headers map[string]string `json:"headers,omitempty"`
	Event   json.RawMessage   `json:"event,omitempty"`
}

// Dead lists dead letters, oldest first, without their events: at most p.Limit
// (0: protocol.DefaultPage) behind the cursor. The cursor that it gives is empty
// at the end.
func (d *Dispatcher) Dead(ctx context.Context, p protocol.Page) ([]DeadLetter, string, error) {
	limit := p.Limit
	if limit <= 0 {
		limit = protocol.DefaultPage
	}
	page, cursor := d.letters.page(p.Cursor, min(limit, protocol.MaxPage))
	letters := make([]DeadLetter, 0, len(page))
	for _, en := range page {
		l, err := d.letters.find(ctx, en.id)
		if err != nil {
			return nil, "", d.unreadable(err)
		}
		if l == nil {
			continue // it went meanwhile
		}
		shown := show(l)
		shown.Key = en.key
		shown.Attempts = withoutAnswers(shown.Attempts)
		letters = append(letters, shown)
	}
	return letters, cursor, nil
}

// Have gives those of the ids of which there is a dead letter.
func (d *Dispatcher) Have(ids []string) []string {
	return slices.DeleteFunc(slices.Clone(ids), func(id string) bool { return !d.letters.has(id) })
}

// DeadLetter gives one letter with its event. An unknown id is a
// *protocol.Problem 404.
func (d *Dispatcher) DeadLetter(ctx context.Context, id string) (*DeadLetter, error) {
	l, err := d.letters.find(ctx, id)
	if err != nil {
		return nil, d.unreadable(err)
	}
	if l == nil {
		return nil, NoLetter("id", id)
	}
	shown := show(l)
	shown.Headers = d.headers(l)
	body, err := masked(l.body)
	if err != nil {
		return nil, fmt.Errorf("encode the event of dead letter %s: %w", id, err)
	}
	shown.Event = body
	return &shown, nil
}

// Drop forgets a dead letter. An unknown id is a *protocol.Problem 404.
func (d *Dispatcher) Drop(_ context.Context, id string) error {
	if !d.letters.drop(id) {
		return NoLetter("id", id)
	}
	return nil
}

func show(l *letter) DeadLetter {
	attempts := l.attempts
	if attempts == nil {
		attempts = []Attempt{}
	}
	return DeadLetter{ID: l.event.ID, Type: l.event.Type, ClientID: l.event.Data.ClientID, Endpoint: l.endpoint,
		DiedAt: protocol.Time{Time: l.diedAt}, Reason: l.reason, Attempts: attempts, Cut: l.cut}
}

// headers are those of a letter's last attempt, but for its time, signature and
// span.
func (d *Dispatcher) headers(l *letter) map[string]string {
	h := map[string]string{"content-type": "application/json", "webhook-id": l.event.ID, "gatepost-event": string(l.event.Type),
		"gatepost-attempt": strconv.Itoa(max(1, len(l.attempts)))}
	if e := d.named(l.endpoint); e != nil {
		h["user-agent"] = e.courier.header.Get("User-Agent")
		for name := range e.Headers {
			h[strings.ToLower(name)] = struckOut
		}
	}
	return h
}

// unreadable is what callers hear when letters can't be read.
func (d *Dispatcher) unreadable(err error) *protocol.Problem {
	d.log.Error("dead letters can't be read", "error", err)
	return &protocol.Problem{Status: 503, Code: protocol.CodeUnavailable, Detail: "dead letters can't be read now"}
}

// NoLetter is the 404 for an id of which there is no dead letter.
func NoLetter(field, id string) *protocol.Problem {
	return &protocol.Problem{Status: 404, Code: protocol.CodeNotFound, Field: field,
		Detail: fmt.Sprintf("there is no dead letter %q", oneLine(id, protocol.MaxNameBytes))}
}
