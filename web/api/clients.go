package api

import (
	"maps"
	"slices"
	"strings"

	"gatepost/protocol"
)

func (a *API) listClients(c *call) error {
	groups, err := c.params.all("group", protocol.CheckName)
	if err != nil {
		return err
	}
	uids, err := c.params.all("uid", protocol.CheckName)
	if err != nil {
		return err
	}
	page, err := c.params.page()
	if err != nil {
		return err
	}
	fields, err := c.fields()
	if err != nil {
		return err
	}
	clients, next, err := a.Gateway.Clients(c.Request().Context(), protocol.ClientFilter{Groups: groups, UIDs: uids}, page)
	if err != nil {
		return err
	}
	list := struct {
		Clients any     `json:"clients"`
		Cursor  *string `json:"cursor"`
	}{listed(clients), nextCursor(next)}
	if fields != nil {
		list.Clients = trim(clients, fields)
	}
	return c.ok(list)
}

// clientFields are the fields of a client, by the names that ?fields= takes.
var clientFields = map[string]func(*protocol.ClientInfo) any{
	"client_id":    func(i *protocol.ClientInfo) any { return i.ClientID },
	"uid":          func(i *protocol.ClientInfo) any { return i.UID },
	"groups":       func(i *protocol.ClientInfo) any { return listed(i.Groups) },
	"session":      func(i *protocol.ClientInfo) any { return i.Session },
	"node":         func(i *protocol.ClientInfo) any { return i.Node },
	"connected_at": func(i *protocol.ClientInfo) any { return i.ConnectedAt },
	"remote_addr":  func(i *protocol.ClientInfo) any { return i.RemoteAddr },
}

// fields are the fields that the list is trimmed to, nil for all.
func (c *call) fields() ([]string, error) {
	list, ok, err := c.params.one("fields")
	if err != nil || !ok {
		return nil, err
	}
	fields := strings.Split(list, ",")
	for _, field := range fields {
		if clientFields[field] == nil {
			return nil, protocol.BadField("fields", "%q is not a field of a client, which has %s", field,
				strings.Join(slices.Sorted(maps.Keys(clientFields)), ", "))
		}
	}
	slices.Sort(fields)
	return slices.Compact(fields), nil
}

func trim(clients []protocol.ClientInfo, fields []string) []map[string]any {
	trimmed := make([]map[string]any, len(clients))
	for i := range clients {
		trimmed[i] = make(map[string]any, len(fields))
		for _, field := range fields {
			trimmed[i][field] = clientFields[field](&clients[i])
		}
	}
	return trimmed
}

func (a *API) getClient(c *call) error {
	id, err := c.clientID()
	if err != nil {
		return err
	}
	client, err := a.Gateway.Client(c.Request().Context(), id)
	if err != nil {
		return err
	}
	return c.ok(client)
}
