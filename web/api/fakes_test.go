package api_test

import (
	"context"
	"encoding/json"

	"gatepost/protocol"
	"gatepost/webhooks"
)

// deadLetters is a list of letters, in the order of their ids.
type deadLetters struct{ letters []webhooks.DeadLetter }

func (d *deadLetters) Dead(_ context.Context, p protocol.Page) ([]webhooks.DeadLetter, string, error) {
	var page []webhooks.DeadLetter
	for _, l := range d.letters {
		if l.ID <= p.Cursor {
			continue
		}
		if len(page) == p.Limit {
			return page, page[len(page)-1].ID, nil
		}
		l.Event = nil
		page = append(page, l)
	}
	return page, "", nil
}

func (d *deadLetters) DeadLetter(_ context.Context, id string) (*webhooks.DeadLetter, error) {
	for _, l := range d.letters {
		if l.ID == id {
			return &l, nil
		}
	}
	return nil, &protocol.Problem{Status: 404, Code: protocol.CodeNotFound, Detail: "no such letter"}
}

func (d *deadLetters) Replay(ctx context.Context, r protocol.Replay) (int, error) {
	if r.All {
		return len(d.letters), nil
	}
	for _, id := range r.IDs {
		if _, err := d.DeadLetter(ctx, id); err != nil {
			return 0, err
		}
	}
	return len(r.IDs), nil
}

func (d *deadLetters) Drop(ctx context.Context, id string) error {
	_, err := d.DeadLetter(ctx, id)
	return err
}

func letter(id string) webhooks.DeadLetter {
	return webhooks.DeadLetter{
		ID: id, Type: protocol.Inbound, ClientID: "c1", Endpoint: "default", Reason: webhooks.Exhausted,
		Attempts: []webhooks.Attempt{{Status: 500, Error: "500 Internal Server Error"}},
		Event:    json.RawMessage(`{"type":"message"}`),
	}
}

func (d *deadLetters) Have(ids []string) []string { return ids }

func (d *deadLetters) Stats() []protocol.EndpointStats {
	return []protocol.EndpointStats{{Name: "default", URL: "http://backend/hook", Concurrency: 8, Breaker: "closed"}}
}

// others are the nodes of a cluster: "lost one" is silent, "here" answers.
type others struct{ forgotten []string }

func (o *others) Forget(_ context.Context, name string) error {
	switch name {
	case "lost one":
		o.forgotten = append(o.forgotten, name)
		return nil
	case "here":
		return &protocol.Problem{Status: 409, Code: "node_answers", Field: "node", Detail: "it answers"}
	}
	return &protocol.Problem{Status: 404, Code: protocol.CodeNotFound, Field: "node", Detail: "there is no such node"}
}
