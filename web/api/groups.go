package api

import (
	"gatepost/protocol"
)

// membership joins clients to the group in the path, or takes them out.
func (a *API) membership(verb protocol.Verb) func(*call) error {
	return func(c *call) error {
		group, err := c.name("group")
		if err != nil {
			return err
		}
		action, err := protocol.ParseActionBody(c.body, protocol.Defaults{Verb: verb, Groups: []string{group}})
		if err != nil {
			return err
		}
		return a.do(c, action)
	}
}

func (a *API) dissolve(c *call) error {
	group, err := c.name("group")
	if err != nil {
		return err
	}
	return a.do(c, &protocol.Action{Verb: protocol.VerbDissolve, Group: group})
}

func (a *API) listGroups(c *call) error {
	page, err := c.params.page()
	if err != nil {
		return err
	}
	list, err := a.Gateway.Groups(c.Request().Context(), page)
	if err != nil {
		return err
	}
	return c.ok(struct {
		Groups map[string]protocol.GroupCount `json:"groups"`
		Cursor *string                        `json:"cursor"`
	}{present(list.Groups), nextCursor(list.Cursor)})
}

func (a *API) getGroup(c *call) error {
	group, err := c.name("group")
	if err != nil {
		return err
	}
	count, err := a.Gateway.Group(c.Request().Context(), group)
	if err != nil {
		return err
	}
	return c.ok(struct {
		Group string `json:"group"`
		protocol.GroupCount
	}{group, count})
}

// present is m, or an empty map: an answer's object is never null.
func present[V any](m map[string]V) map[string]V {
	if m == nil {
		return map[string]V{}
	}
	return m
}

// listed is s, or an empty list: an answer's array is never null.
func listed[V any](s []V) []V {
	if s == nil {
		return []V{}
	}
	return s
}
