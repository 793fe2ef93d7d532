package gateway

import (
	"gatepost/hub"
	"gatepost/protocol"
)

// membership joins or leaves groups. What it can't find is named in the answer;
// a client that would be in too many groups fails the action before anything has
// changed.
func (g *Gateway) membership(a *protocol.Action) (protocol.Result, error) {
	if a.Verb == protocol.VerbJoin {
		if err := g.mayJoin(a); err != nil {
			return nil, err
		}
	}
	m, err := g.move(a)
	if err != nil {
		return nil, err
	}
	return changedOf(a, m.Changed, m.missing(a)), nil
}

// changedOf is the answer to a join or leave.
func changedOf(a *protocol.Action, changed int, missing []string) protocol.Changed {
	result := protocol.Changed{Changed: changed, Missing: missing}
	switch len(a.Memberships) {
	case 0:
		result.Groups = []string{}
	case 1:
		result.Group = a.Memberships[0]
	default:
		result.Groups = a.Memberships
	}
	return result
}

// mayJoin is nil, or the problem with which one of the clients would refuse to be
// in these groups too.
func (g *Gateway) mayJoin(a *protocol.Action) error {
	for _, c := range g.named(a) {
		if err := c.MayJoin(a.Memberships); err != nil {
			return err
		}
	}
	return nil
}

// named are the clients that a join or leave names, each once.
func (g *Gateway) named(a *protocol.Action) []*hub.Client {
	return g.hub.Select(protocol.Target{Clients: a.Clients, UIDs: a.UIDs}, protocol.Target{})
}

// moved is what became of a join or leave on one node.
type moved struct {
	Changed int      `json:"changed"`
	Clients []string `json:"clients,omitempty"` // of those named by id, the ones that are there
	UIDs    []string `json:"uids,omitempty"`    // of those named, the ones that have a client
	Failed  []string `json:"failed,omitempty"`  // clients that went meanwhile
}

// move carries out a join or leave here. The error is the problem of mayJoin, with
// which a client refuses who has joined others since that was asked; there it ends.
func (g *Gateway) move(a *protocol.Action) (m moved, err error) {
	clients := g.named(a)
	for _, uid := range a.UIDs {
		if len(g.hub.Select(protocol.Target{UIDs: []string{uid}}, protocol.Target{})) > 0 {
			m.UIDs = append(m.UIDs, uid)
		}
	}
	for _, c := range clients {
		change := c.LeaveGroups
		if a.Verb == protocol.VerbJoin {
			change = c.Join
		}
		changed, err := change(a.Memberships)
		switch {
		case isNotFound(err):
			m.Failed = append(m.Failed, c.ID())
		case err != nil:
			return m, err
		}
		m.Changed += changed
		m.Clients = append(m.Clients, c.ID())
	}
	return m, nil
}

// missing are the names of a join or leave of which there is no client, each once:
// ids, then uids, then clients that went meanwhile.
func (m *moved) missing(a *protocol.Action) []string {
	missing := []string{}
	found := setOf(m.Clients)
	for _, id := range a.Clients {
		if !found[id] {
			missing = append(missing, id)
			found[id] = true
		}
	}
	found = setOf(m.UIDs)
	for _, uid := range a.UIDs {
		if !found[uid] {
			missing = append(missing, uid)
			found[uid] = true
		}
	}
	return append(missing, m.Failed...)
}

func setOf(names []string) map[string]bool {
	set := make(map[string]bool, len(names))
	for _, name := range names {
		set[name] = true
	}
	return set
}
