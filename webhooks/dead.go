package webhooks

import (
	"context"
	"encoding/json"
	"fmt"

	"gatepost/protocol"
)

// DeadLetter is an event that could not be delivered, as the API shows it.
type DeadLetter struct {
	ID       string             `json:"id"`
	Type     protocol.EventType `json:"type"`
	ClientID string             `json:"client_id"`
	Endpoint string             `json:"endpoint"`
	DiedAt   protocol.Time      `json:"died_at"`
	Reason   Reason             `json:"reason"`
	Attempts []Attempt          `json:"attempts"`        // the last 50
	Event    json.RawMessage    `json:"event,omitempty"` // the event's JSON, its cookies masked; only where one letter was asked for
}

// Dead lists dead letters, oldest first, without their events: at most p.Limit
// (0: protocol.DefaultPage) behind the cursor. The cursor that it gives is empty
// at the end.
func (d *Dispatcher) Dead(_ context.Context, p protocol.Page) ([]DeadLetter, string, error) {
	limit := p.Limit
	if limit <= 0 {
		limit = protocol.DefaultPage
	}
	page, cursor := d.letters.Page(p.Cursor, min(limit, protocol.MaxPage))
	letters := make([]DeadLetter, len(page))
	for i, l := range page {
		letters[i] = show(l)
	}
	return letters, cursor, nil
}

// DeadLetter gives one letter with its event. An unknown id is a
// *protocol.Problem 404.
func (d *Dispatcher) DeadLetter(_ context.Context, id string) (*DeadLetter, error) {
	l, ok := d.letters.Find(id)
	if !ok {
		return nil, noLetter("id", id)
	}
	shown := show(l)
	body, err := masked(l.Event)
	if err != nil {
		return nil, fmt.Errorf("encode the event of dead letter %s: %w", id, err)
	}
	shown.Event = body
	return &shown, nil
}

// Drop forgets a dead letter. An unknown id is a *protocol.Problem 404.
func (d *Dispatcher) Drop(_ context.Context, id string) error {
	if !d.letters.Drop(id) {
		return noLetter("id", id)
	}
	return nil
}

func show(l *Letter) DeadLetter {
	attempts := l.Attempts
	if attempts == nil {
		attempts = []Attempt{}
	}
	return DeadLetter{ID: l.Event.ID, Type: l.Event.Type, ClientID: l.Event.Data.ClientID, Endpoint: l.Endpoint,
		DiedAt: protocol.Time{Time: l.DiedAt}, Reason: l.Reason, Attempts: attempts}
}

func noLetter(field, id string) *protocol.Problem {
	return &protocol.Problem{Status: 404, Code: protocol.CodeNotFound, Field: field,
		Detail: fmt.Sprintf("there is no dead letter %q", oneLine([]byte(id), protocol.MaxNameBytes))}
}
