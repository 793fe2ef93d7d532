package api

import (
	"context"
	"fmt"
	"net/http"

	"gatepost/protocol"
)

func (a *API) forgetNode(where place) func(*call) error {
	return func(c *call) error {
		name, err := where(c, "node")
		if err != nil {
			return err
		}
		if err := a.Nodes.Forget(c.Request().Context(), name); err != nil {
			return err
		}
		return c.ok(struct {
			Node      string `json:"node"`
			Forgotten bool   `json:"forgotten"`
		}{name, true})
	}
}

// noNodes stands in where there is no cluster.
type noNodes struct{}

func (noNodes) Forget(_ context.Context, name string) error {
	return &protocol.Problem{Status: http.StatusNotFound, Code: protocol.CodeNotFound, Field: "node",
		Detail: fmt.Sprintf("there is no other node %q: this one is alone", name)}
}
