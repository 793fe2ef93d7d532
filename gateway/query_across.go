package gateway

import (
	"context"
	"encoding/json"
	"slices"

	"gatepost/protocol"
)

// gather asks nodes a question, answers it here meanwhile, and gives all answers that
// could be read, this node's first.
func gather[T any](ctx context.Context, g *Gateway, tags []string, o op, q question, here func() T) []T {
	all := make([]T, 1, 1+len(tags))
	if len(tags) == 0 {
		all[0] = here()
		return all
	}
	answers := g.ask(ctx, []outgoing{{tags, encodeQuestion(o, q)}}, func() { all[0] = here() })
	for _, answer := range answers {
		var one T
		if g.into(ctx, answer, &one) {
			all = append(all, one)
		} else {
			g.silent(ctx, answer.tag) // also one that answered with a problem
		}
	}
	return all
}

// sessionState is a session on its way between nodes.
type sessionState struct {
	Session json.RawMessage `json:"session"`
	ETag    string          `json:"etag"`
}

// sessionAcross asks a client's node for its session, or to change it.
func (g *Gateway) sessionAcross(ctx context.Context, tag string, request []byte) (json.RawMessage, string, error) {
	var s sessionState
	err := g.askOwner(ctx, tag, request, &s)
	return s.Session, s.ETag, err
}

// listers are the other nodes that have to do with a list of clients. Ids begin with
// their node's tag, so that nodes before the cursor's have nothing behind it.
func (g *Gateway) listers(f protocol.ClientFilter, cursor string) []string {
	t := protocol.Target{UIDs: f.UIDs}
	if len(f.UIDs) == 0 {
		t = protocol.Target{Groups: f.Groups, All: len(f.Groups) == 0}
	}
	return slices.DeleteFunc(g.holders(t), func(tag string) bool { return tag < protocol.ClientNodeTag(cursor) })
}

// lookUpAll looks names up on all nodes, each of which is asked for those that concern
// it.
func (g *Gateway) lookUpAll(ctx context.Context, q *protocol.Lookup) *lookedUp {
	own, others := g.divide(protocol.Target{Clients: q.Clients, UIDs: q.UIDs, Groups: q.Groups})
	requests := make([]outgoing, len(others))
	for i, s := range others {
		requests[i] = outgoing{[]string{s.tag}, encodeQuestion(opLookup, question{
			Clients: s.target.Clients, UIDs: s.target.UIDs, Groups: s.target.Groups})}
	}
	var total *lookedUp
	answers := g.ask(ctx, requests, func() {
		total = g.lookUp(&protocol.Lookup{Clients: own.Clients, UIDs: own.UIDs, Groups: own.Groups})
	})
	for _, answer := range answers {
		var more lookedUp
		if g.into(ctx, answer, &more) {
			total.add(&more)
		}
	}
	return total
}

// remaining is how many clients a uid has, on all nodes, if all answer.
func (g *Gateway) remaining(uid string) protocol.Remaining {
	n := protocol.Remaining{Known: true}
	count := func() { n.Count += g.hub.UIDClients(uid) }
	tags := g.holders(protocol.Target{UIDs: []string{uid}})
	if len(tags) == 0 {
		count()
		return n
	}
	ctx := g.life
	for _, answer := range g.ask(ctx, []outgoing{{tags, encodeQuestion(opCount, question{UIDs: []string{uid}})}}, count) {
		if !g.addCounts(ctx, answer, &n.Count) {
			return protocol.Remaining{}
		}
	}
	return n
}
