package gateway

import (
	"context"
	"encoding/json"

	"gatepost/cluster"
	"gatepost/hub"
	"gatepost/protocol"
)

// What follows answers for all nodes. Those that a query concerned and that didn't
// answer are in the context's protocol.Partial, and what they have isn't in the
// answer.

// Client is one client. A *protocol.Problem says that it is gone, or that its node
// doesn't answer.
func (g *Gateway) Client(ctx context.Context, id string) (*protocol.ClientInfo, error) {
	tag, err := g.owner(id)
	if err != nil {
		return nil, err
	}
	if tag != "" {
		info := &protocol.ClientInfo{}
		if err := g.askOwner(ctx, tag, encodeQuestion(opClient, question{ID: id}), info); err != nil {
			return nil, err
		}
		return info, nil
	}
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

// Session is a client's session and its ETag.
func (g *Gateway) Session(ctx context.Context, id string) (json.RawMessage, string, error) {
	tag, err := g.owner(id)
	if err != nil {
		return nil, "", err
	}
	if tag != "" {
		return g.sessionAcross(ctx, tag, encodeQuestion(opSession, question{ID: id}))
	}
	return g.sessionHere(id)
}

func (g *Gateway) sessionHere(id string) (json.RawMessage, string, error) {
	c, err := g.client(id)
	if err != nil {
		return nil, "", err
	}
	session, etag := c.Session()
	return session, etag, nil
}

// ChangeSession carries out a session action and answers the session as it is
// now, with its ETag.
func (g *Gateway) ChangeSession(ctx context.Context, a *protocol.Action) (json.RawMessage, string, error) {
	tag, err := g.owner(a.ClientID)
	if err != nil {
		return nil, "", err
	}
	if tag != "" {
		return g.sessionAcross(ctx, tag, encodeAction(opDo, a, protocol.Target{}))
	}
	return g.changeSession(a)
}

// Clients is a part of the list of clients in the order of their ids, and the
// cursor of the next part, empty at the end.
func (g *Gateway) Clients(ctx context.Context, f protocol.ClientFilter, p protocol.Page) ([]protocol.ClientInfo, string, error) {
	parts := gather(ctx, g, g.listers(f, p.Cursor), opClients, question{UIDs: f.UIDs, Groups: f.Groups, Limit: p.Limit, Cursor: []byte(p.Cursor)},
		func() list[protocol.ClientInfo] { return g.clientsHere(f, p) })
	page, cursor := merge(pageLimit(p), parts, func(*protocol.ClientInfo, protocol.ClientInfo) {})
	infos := make([]protocol.ClientInfo, len(page))
	for i := range page {
		infos[i] = page[i].Value
	}
	return infos, cursor, nil
}

func (g *Gateway) clientsHere(f protocol.ClientFilter, p protocol.Page) list[protocol.ClientInfo] {
	clients, cursor := g.hub.Clients(f, p)
	return listOf(clients, cursor, func(_ int, c *hub.Client) (string, protocol.ClientInfo) { return c.ID(), *g.info(c) })
}

// Groups is a part of the list of groups that have members.
func (g *Gateway) Groups(ctx context.Context, p protocol.Page) (*protocol.GroupList, error) {
	parts := gather(ctx, g, g.everyone(), opGroups, question{Limit: p.Limit, Cursor: []byte(p.Cursor)},
		func() list[tally] { return g.groupsHere(p) })
	page, cursor := merge(pageLimit(p), parts, (*tally).add)
	groups := &protocol.GroupList{Groups: make(map[string]protocol.GroupCount, len(page)), Cursor: cursor}
	for i := range page {
		if n := page[i].Value.count(); n.Clients > 0 { // else all left while they were counted
			groups.Groups[page[i].Key] = n
		}
	}
	return groups, nil
}

func (g *Gateway) groupsHere(p protocol.Page) list[tally] {
	names, counts, cursor := g.hub.Groups(p)
	return listOf(names, cursor, func(i int, name string) (string, tally) {
		if g.elsewhere(cluster.Group, name) {
			return name, g.tallyOf(name)
		}
		return name, tally{Clients: counts[i].Clients, Own: counts[i].UIDs}
	})
}

// Group is one group's size, zero where it has no members.
func (g *Gateway) Group(ctx context.Context, name string) (protocol.GroupCount, error) {
	t := g.lookUpAll(ctx, &protocol.Lookup{Groups: []string{name}}).Groups[name]
	return t.count(), nil
}

// UIDs is a part of the list of uids that are online, or of those with a client
// in any of the groups; with each the number of its clients.
func (g *Gateway) UIDs(ctx context.Context, groups []string, p protocol.Page) (*protocol.UIDList, error) {
	tags := g.holders(protocol.Target{Groups: groups, All: len(groups) == 0})
	parts := gather(ctx, g, tags, opUIDs, question{Groups: groups, Limit: p.Limit, Cursor: []byte(p.Cursor)},
		func() list[int] { return g.uidsHere(groups, p) })
	page, cursor := merge(pageLimit(p), parts, func(clients *int, more int) { *clients += more })
	uids := &protocol.UIDList{UIDs: make(map[string]int, len(page)), Cursor: cursor}
	for _, e := range page {
		uids.UIDs[e.Key] = e.Value
	}
	return uids, nil
}

func (g *Gateway) uidsHere(groups []string, p protocol.Page) list[int] {
	uids, clients, cursor := g.hub.UIDs(groups, p)
	return listOf(uids, cursor, func(i int, uid string) (string, int) { return uid, clients[i] })
}

// UID is the ids of a uid's clients, empty where it is offline.
func (g *Gateway) UID(ctx context.Context, uid string) ([]string, error) {
	return g.lookUpAll(ctx, &protocol.Lookup{UIDs: []string{uid}}).UIDs[uid], nil
}

// Lookup answers many names at once, each with an entry.
func (g *Gateway) Lookup(ctx context.Context, q *protocol.Lookup) (*protocol.Found, error) {
	return g.lookUpAll(ctx, q).found(q), nil
}
