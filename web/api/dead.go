package api

import (
	"context"
	"net/http"

	"gatepost/protocol"
	"gatepost/webhooks"
)

func (a *API) listDead(c *call) error {
	page, err := c.params.page()
	if err != nil {
		return err
	}
	letters, next, err := a.DeadLetters.Dead(c.Request().Context(), page)
	if err != nil {
		return err
	}
	return c.ok(struct {
		Events []webhooks.DeadLetter `json:"events"`
		Cursor *string               `json:"cursor"`
	}{listed(letters), nextCursor(next)})
}

func (a *API) getDead(where place) func(*call) error {
	return func(c *call) error {
		id, err := where(c, "id")
		if err != nil {
			return err
		}
		letter, err := a.DeadLetters.DeadLetter(c.Request().Context(), id)
		if err != nil {
			return err
		}
		return c.ok(letter)
	}
}

func (a *API) dropDead(where place) func(*call) error {
	return func(c *call) error {
		id, err := where(c, "id")
		if err != nil {
			return err
		}
		if err := a.DeadLetters.Drop(c.Request().Context(), id); err != nil {
			return err
		}
		return c.ok(struct {
			ID      string `json:"id"`
			Dropped bool   `json:"dropped"`
		}{id, true})
	}
}

func (a *API) replayDead(c *call) error {
	which, err := protocol.ParseReplay(c.body)
	if err != nil {
		return err
	}
	n, err := a.DeadLetters.Replay(c.Request().Context(), *which)
	if err != nil {
		return err
	}
	return c.answer(http.StatusAccepted, struct {
		Replayed int `json:"replayed"`
	}{n})
}

// noDeadLetters stands in where no webhook endpoint is configured.
type noDeadLetters struct{}

func (noDeadLetters) Dead(context.Context, protocol.Page) ([]webhooks.DeadLetter, string, error) {
	return nil, "", nil
}

func (noDeadLetters) DeadLetter(_ context.Context, id string) (*webhooks.DeadLetter, error) {
	return nil, webhooks.NoLetter("id", id)
}

func (noDeadLetters) Replay(_ context.Context, r protocol.Replay) (int, error) {
	if len(r.IDs) > 0 {
		return 0, webhooks.NoLetter("ids", r.IDs[0])
	}
	return 0, nil
}

func (noDeadLetters) Drop(_ context.Context, id string) error { return webhooks.NoLetter("id", id) }
