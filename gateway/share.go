package gateway

import (
	"maps"
	"slices"

	"gatepost/protocol"
)

// share is what concerns one other node of the names that a call gives.
type share struct {
	tag    string
	target protocol.Target
}

// divide says what of a target is to be done here, and which other nodes have to do
// with it. A node is told only of the names that concern it. Ids that no node can
// have made are nobody's.
func (g *Gateway) divide(t protocol.Target) (own protocol.Target, others []share) {
	own = protocol.Target{UIDs: t.UIDs, Groups: t.Groups, All: t.All}
	shares := map[string]*share{}
	of := func(tag string) *protocol.Target {
		if shares[tag] == nil {
			shares[tag] = &share{tag: tag}
		}
		return &shares[tag].target
	}
	if t.All {
		for _, tag := range g.everyone() {
			of(tag).All = true
		}
	}
	for _, id := range t.Clients {
		tag, err := g.owner(id)
		switch {
		case err != nil:
		case tag == "":
			own.Clients = append(own.Clients, id)
		default:
			of(tag).Clients = append(of(tag).Clients, id)
		}
	}
	for i, uid := range t.UIDs {
		for _, tag := range g.holders(protocol.Target{UIDs: t.UIDs[i : i+1]}) {
			of(tag).UIDs = append(of(tag).UIDs, uid)
		}
	}
	for i, group := range t.Groups {
		for _, tag := range g.holders(protocol.Target{Groups: t.Groups[i : i+1]}) {
			of(tag).Groups = append(of(tag).Groups, group)
		}
	}
	for _, tag := range slices.Sorted(maps.Keys(shares)) {
		others = append(others, *shares[tag])
	}
	return own, others
}

// holders are the other nodes that have to do with a target of uids, groups or all.
func (g *Gateway) holders(t protocol.Target) []string {
	switch {
	case g.Alone():
		return nil
	case t.All:
		return g.everyone()
	}
	return g.cfg.Cluster.Holders(t.UIDs, t.Groups)
}

// aimed is an action as the nodes get it that have to do with its target.
func (g *Gateway) aimed(o op, a *protocol.Action) (own protocol.Target, requests []outgoing) {
	t := a.Target
	if onOneClient(t) {
		switch tag, err := g.owner(t.Clients[0]); {
		case err != nil:
			return protocol.Target{}, nil
		case tag == "":
			return t, nil
		default:
			return protocol.Target{}, []outgoing{{[]string{tag}, encodeAction(o, a, t)}}
		}
	}
	names := len(t.UIDs) + len(t.Groups)
	if len(t.Clients) == 0 && names <= 1 && t.All != (names == 1) { // all of them get the same
		tags := g.holders(t)
		if len(tags) == 0 {
			return t, nil
		}
		return t, []outgoing{{tags, encodeAction(o, a, t)}}
	}
	own, others := g.divide(t)
	return own, encoded(o, a, others)
}
