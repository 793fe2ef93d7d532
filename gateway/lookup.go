package gateway

import (
	"maps"
	"slices"

	"gatepost/protocol"
)

// lookedUp is what one node knows of the names of a lookup.
type lookedUp struct {
	Clients map[string]*protocol.ClientInfo `json:"clients,omitempty"` // those that are there
	UIDs    map[string][]string             `json:"uids,omitempty"`
	Groups  map[string]tally                `json:"groups,omitempty"`
}

// lookUp answers a lookup for this node.
func (g *Gateway) lookUp(q *protocol.Lookup) *lookedUp {
	l := &lookedUp{
		Clients: make(map[string]*protocol.ClientInfo, len(q.Clients)),
		UIDs:    make(map[string][]string, len(q.UIDs)),
		Groups:  make(map[string]tally, len(q.Groups)),
	}
	for _, id := range q.Clients {
		if c, ok := g.hub.Client(id); ok {
			l.Clients[id] = g.info(c)
		}
	}
	for _, uid := range q.UIDs {
		l.UIDs[uid] = g.hub.UID(uid)
	}
	for _, group := range q.Groups {
		l.Groups[group] = g.tallyOf(group)
	}
	return l
}

// add puts what another node knows to it.
func (l *lookedUp) add(more *lookedUp) {
	maps.Copy(l.Clients, more.Clients)
	for uid, ids := range more.UIDs {
		all := append(l.UIDs[uid], ids...)
		slices.Sort(all)
		l.UIDs[uid] = all
	}
	for group, t := range more.Groups {
		sum := l.Groups[group]
		sum.add(t)
		l.Groups[group] = sum
	}
}

// found has an entry for every name that was asked for.
func (l *lookedUp) found(q *protocol.Lookup) *protocol.Found {
	f := &protocol.Found{
		Clients: make(map[string]*protocol.ClientInfo, len(q.Clients)),
		UIDs:    l.UIDs,
		Groups:  make(map[string]protocol.GroupCount, len(q.Groups)),
	}
	for _, id := range q.Clients {
		f.Clients[id] = l.Clients[id]
	}
	for group, t := range l.Groups {
		f.Groups[group] = t.count()
	}
	return f
}
