package api

import "gatepost/protocol"

func (a *API) listUIDs(c *call) error {
	groups, err := c.params.all("group", protocol.CheckName)
	if err != nil {
		return err
	}
	page, err := c.params.page()
	if err != nil {
		return err
	}
	list, err := a.Gateway.UIDs(c.Request().Context(), groups, page)
	if err != nil {
		return err
	}
	return c.ok(struct {
		UIDs   map[string]int `json:"uids"`
		Cursor *string        `json:"cursor"`
	}{present(list.UIDs), nextCursor(list.Cursor)})
}

func (a *API) getUID(c *call) error {
	uid, err := c.name("uid")
	if err != nil {
		return err
	}
	clients, err := a.Gateway.UID(c.Request().Context(), uid)
	if err != nil {
		return err
	}
	return c.ok(struct {
		UID     string   `json:"uid"`
		Online  bool     `json:"online"`
		Clients []string `json:"clients"`
	}{uid, len(clients) > 0, listed(clients)})
}
