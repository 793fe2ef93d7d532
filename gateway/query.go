package gateway

import (
	"context"
	"encoding/json"
	"time"

	"gatepost/hub"
	"gatepost/protocol"
)

// Client is one client, or the problem that it's gone.
func (g *Gateway) Client(_ context.Context, id string) (*protocol.ClientInfo, error) {
	c, err := g.client(id)
	if err != nil {
		return nil, err
	}
	return g.info(c), nil
}

func (g *Gateway) info(c *hub.Client) *protocol.ClientInfo {
	who := c.Identity()
	return &protocol.ClientInfo{
		ClientID: c.ID(), UID: orNull(who.UID), Groups: who.Groups, Session: who.Session, Node: g.cfg.Node,
		ConnectedAt: protocol.Time{Time: c.ConnectedAt()}, RemoteAddr: c.RemoteAddr(),
	}
}

// Clients is a part of the list of clients in the order of their ids, and the
// cursor of the next part, empty at the end.
func (g *Gateway) Clients(_ context.Context, f protocol.ClientFilter, p protocol.Page) ([]protocol.ClientInfo, string, error) {
	clients, cursor := g.hub.Clients(f, p)
	infos := make([]protocol.ClientInfo, len(clients))
	for i, c := range clients {
		infos[i] = *g.info(c)
	}
	return infos, cursor, nil
}

// Session is a client's session and its ETag.
func (g *Gateway) Session(_ context.Context, id string) (json.RawMessage, string, error) {
	c, err := g.client(id)
	if err != nil {
		return nil, "", err
	}
	session, etag := c.Session()
	return session, etag, nil
}

// Groups is a part of the list of groups that have members.
func (g *Gateway) Groups(_ context.Context, p protocol.Page) (*protocol.GroupList, error) {
	names, counts, cursor := g.hub.Groups(p)
	list := &protocol.GroupList{Groups: make(map[string]protocol.GroupCount, len(names)), Cursor: cursor}
	for i, name := range names {
		list.Groups[name] = counts[i]
	}
	return list, nil
}

// Group is one group's size, zero where it has no members.
func (g *Gateway) Group(_ context.Context, name string) (protocol.GroupCount, error) {
	return g.hub.Group(name), nil
}

// UIDs is a part of the list of uids that are online, or of those with a client
// in any of the groups; with each the number of its clients.
func (g *Gateway) UIDs(_ context.Context, groups []string, p protocol.Page) (*protocol.UIDList, error) {
	uids, clients, cursor := g.hub.UIDs(groups, p)
	list := &protocol.UIDList{UIDs: make(map[string]int, len(uids)), Cursor: cursor}
	for i, uid := range uids {
		list.UIDs[uid] = clients[i]
	}
	return list, nil
}

// UID is the ids of a uid's clients, empty where it is offline.
func (g *Gateway) UID(_ context.Context, uid string) ([]string, error) {
	return g.hub.UID(uid), nil
}

// Lookup answers many names at once, each with an entry.
func (g *Gateway) Lookup(_ context.Context, q *protocol.Lookup) (*protocol.Found, error) {
	found := &protocol.Found{
		Clients: make(map[string]*protocol.ClientInfo, len(q.Clients)),
		UIDs:    make(map[string][]string, len(q.UIDs)),
		Groups:  make(map[string]protocol.GroupCount, len(q.Groups)),
	}
	for _, id := range q.Clients {
		found.Clients[id] = nil
		if c, ok := g.hub.Client(id); ok {
			found.Clients[id] = g.info(c)
		}
	}
	for _, uid := range q.UIDs {
		found.UIDs[uid] = g.hub.UID(uid)
	}
	for _, group := range q.Groups {
		found.Groups[group] = g.hub.Group(group)
	}
	return found, nil
}

// Stats is the node in numbers; its webhooks are left to whoever knows them.
func (g *Gateway) Stats(context.Context) (*protocol.Stats, error) {
	clients, uids, groups := g.hub.Count()
	return &protocol.Stats{
		Clients: clients, UIDs: uids, Groups: groups,
		Nodes: []protocol.NodeStats{{
			Node: g.cfg.Node, Clients: clients, Version: g.cfg.Version,
			UptimeS: int64(time.Since(g.started).Seconds()),
		}},
		Webhooks: []protocol.EndpointStats{},
	}, nil
}
