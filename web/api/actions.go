package api

import (
	"context"
	"encoding/json"
	"net/http"

	"gatepost/protocol"
)

// actions does a list of actions in order. Whether the token allows them is
// decided for all before the first is done; after that each fails by itself, and
// all are done even if the caller has hung up: half a list helps nobody.
func (a *API) actions(c *call) error {
	parsed, err := protocol.ParseActionsBody(c.body)
	if err != nil {
		return err
	}
	for _, p := range parsed {
		if p.Err != nil {
			continue
		}
		if err := c.permit(p.Action); err != nil {
			return err
		}
	}
	ctx := context.WithoutCancel(c.Request().Context())
	results := make([]json.RawMessage, len(parsed))
	for i, p := range parsed {
		if results[i], err = a.actionResult(ctx, p); err != nil {
			return err
		}
	}
	return c.ok(struct {
		Results []json.RawMessage `json:"results"`
	}{results})
}

func (a *API) actionResult(ctx context.Context, p protocol.ParsedAction) (json.RawMessage, error) {
	result, err := a.doParsed(ctx, p)
	if err == nil {
		return withOK(result)
	}
	told := problemOf(err)
	if told.Status == http.StatusInternalServerError {
		a.Log.Error("an action failed", "error", err)
	}
	return encode(struct {
		OK    bool    `json:"ok"`
		Error problem `json:"error"`
	}{false, newProblem(told)})
}

func (a *API) doParsed(ctx context.Context, p protocol.ParsedAction) (protocol.Result, error) {
	if p.Err != nil {
		return nil, p.Err
	}
	if err := a.checkSize(p.Action); err != nil {
		return nil, err
	}
	return a.Gateway.Do(ctx, p.Action)
}

// withOK is the result's own object with "ok":true in front.
func withOK(result protocol.Result) (json.RawMessage, error) {
	fields, err := encode(result)
	if err != nil {
		return nil, err
	}
	return append([]byte(`{"ok":true,`), fields[1:]...), nil
}
