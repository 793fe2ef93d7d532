package gateway

import (
	"context"

	"gatepost/protocol"
)

// doAcross carries out an action on whichever nodes it concerns: here and there at
// the same time. When it returns without an error, the next call through any node
// that answers sees what it did.
func (g *Gateway) doAcross(ctx context.Context, a *protocol.Action) (protocol.Result, error) {
	switch a.Verb {
	case protocol.VerbSend:
		return g.sendAcross(ctx, a)
	case protocol.VerbClose:
		return g.closeAcross(ctx, a)
	case protocol.VerbJoin, protocol.VerbLeave:
		return g.moveAcross(ctx, a)
	case protocol.VerbDissolve:
		return g.dissolveAcross(ctx, a)
	case protocol.VerbSession:
		session, _, err := g.ChangeSession(ctx, a)
		return protocol.SessionState{ClientID: a.ClientID, Session: session}, err
	default:
		return g.doToOwner(ctx, a)
	}
}

func (g *Gateway) sendAcross(ctx context.Context, a *protocol.Action) (protocol.Result, error) {
	var total protocol.Pushed
	err := g.everywhere(ctx, a, func(own protocol.Target) {
		here := *a
		here.Target = own
		total = g.send(&here)
	}, &total.Matched, &total.Queued, &total.Dropped)
	return total, err
}

func (g *Gateway) closeAcross(ctx context.Context, a *protocol.Action) (protocol.Result, error) {
	var total protocol.Closed
	err := g.everywhere(ctx, a, func(own protocol.Target) {
		here := *a
		here.Target = own
		var discards []Commit
		total, discards = g.close(&here)
		g.awaitDiscards(ctx, discards)
		g.settle(ctx)
	}, &total.Matched, &total.Closed)
	return total, err
}

func (g *Gateway) dissolveAcross(ctx context.Context, a *protocol.Action) (protocol.Result, error) {
	total := protocol.Dissolved{Group: a.Group}
	members := *a
	members.Target = protocol.Target{Groups: []string{a.Group}}
	err := g.everywhere(ctx, &members, func(protocol.Target) {
		total.Removed = g.hub.Dissolve(a.Group)
		g.settle(ctx)
	}, &total.Removed)
	return total, err
}

// everywhere has all nodes that an action concerns carry it out, and adds the numbers
// that the others answer to those in into. An action on one client whose node doesn't
// answer is an error.
func (g *Gateway) everywhere(ctx context.Context, a *protocol.Action, here func(own protocol.Target), into ...*int) error {
	own, requests := g.aimed(opDo, a)
	local := func() { here(own) }
	if own.Empty() {
		local = nil
	}
	for _, answer := range g.ask(ctx, requests, local) {
		switch {
		case g.addCounts(ctx, answer, into...):
		case answer.problem() != nil:
			return answer.problem()
		case onOneClient(a.Target):
			return protocol.NodeUnreachable(g.nameOf(answer.tag))
		}
	}
	return nil
}

// onOneClient says whether a target is one client, named by its id.
func onOneClient(t protocol.Target) bool {
	return len(t.Clients) == 1 && len(t.UIDs) == 0 && len(t.Groups) == 0 && !t.All
}

// moveAcross joins or leaves groups. Where several nodes have clients that are to
// join, all are asked first whether that is within the limits; who doesn't say so
// soon isn't asked to do it.
func (g *Gateway) moveAcross(ctx context.Context, a *protocol.Action) (protocol.Result, error) {
	ctx, cancel := context.WithTimeout(ctx, callWithin) // both rounds
	defer cancel()
	target := protocol.Target{Clients: a.Clients, UIDs: a.UIDs}
	own, others := g.divide(target)
	here := *a
	here.Target = own
	var total moved
	var err error
	if a.Verb == protocol.VerbJoin {
		if others, err = g.mayJoinAcross(ctx, &here, others, &total); err != nil {
			return nil, err
		}
	}
	answers := g.ask(ctx, encoded(opDo, a, others), func() {
		var m moved
		m, err = g.move(&here)
		total.add(m)
		g.settle(ctx)
	})
	if err != nil {
		return nil, err
	}
	for i, answer := range answers {
		var m moved
		switch {
		case g.into(ctx, answer, &m):
			total.add(m)
		case answer.problem() != nil:
			return nil, answer.problem()
		case onOneClient(target):
			return nil, protocol.NodeUnreachable(g.nameOf(answer.tag))
		default:
			total.unknown(others[i])
		}
	}
	return changedOf(a, total.Changed, total.missing(a)), nil
}

// mayJoinAcross gives the nodes that are to be asked to carry out a join; the names
// of the others are unknown to total. A node that is the only one looks by itself.
func (g *Gateway) mayJoinAcross(ctx context.Context, here *protocol.Action, others []share, total *moved) ([]share, error) {
	if len(others) == 1 && len(g.named(here)) == 0 {
		return others, nil
	}
	ctx, cancel := context.WithTimeout(ctx, checkWithin)
	defer cancel()
	var err error
	answers := g.ask(ctx, encoded(opMayJoin, here, others), func() { err = g.mayJoin(here) })
	var willing []share
	for i, answer := range answers {
		switch {
		case answer.err == nil:
			willing = append(willing, others[i])
		case answer.problem() == nil:
			total.unknown(others[i])
		case err == nil:
			err = answer.problem()
		}
	}
	return willing, err
}

// unknown notes the names that a node had to do with which didn't answer: nobody
// knows whether they are missing.
func (m *moved) unknown(s share) {
	m.Clients = append(m.Clients, s.target.Clients...)
	m.UIDs = append(m.UIDs, s.target.UIDs...)
}

func (m *moved) add(more moved) {
	m.Changed += more.Changed
	m.Clients = append(m.Clients, more.Clients...)
	m.UIDs = append(m.UIDs, more.UIDs...)
	m.Failed = append(m.Failed, more.Failed...)
}

// encoded is an action as each of the other nodes gets it that have to do with it.
func encoded(o op, a *protocol.Action, others []share) []outgoing {
	requests := make([]outgoing, len(others))
	for i, s := range others {
		requests[i] = outgoing{[]string{s.tag}, encodeAction(o, a, s.target)}
	}
	return requests
}

// doToOwner carries out an action on one client, where that is.
func (g *Gateway) doToOwner(ctx context.Context, a *protocol.Action) (protocol.Result, error) {
	tag, err := g.owner(a.ClientID)
	if err != nil {
		return nil, err
	}
	if tag == "" {
		result, err := g.doToClient(a)
		g.settle(ctx)
		return result, err
	}
	request := encodeAction(opDo, a, protocol.Target{})
	if a.Verb == protocol.VerbUntil {
		var result protocol.UntilSet
		err = g.askOwner(ctx, tag, request, &result)
		return result, err
	}
	var result protocol.Bound
	err = g.askOwner(ctx, tag, request, &result)
	return result, err
}
