package gateway

import (
	"context"
	"encoding/json"
	"errors"
	"runtime/debug"

	"gatepost/cluster"
	"gatepost/protocol"
)

// Serve answers what another node asks. Actions are carried out before it returns,
// so in the order in which that node asked for them; the rest, and the wait for the
// other nodes to know, goes on behind it.
func (g *Gateway) Serve(ctx context.Context, from cluster.Node, raw []byte, reply cluster.Reply) {
	a := &answering{g: g, from: from, reply: reply}
	defer a.rescue()
	ctx = context.WithoutCancel(ctx) // what was begun is ended, whoever still waits
	r, err := decodeRequest(raw)
	if err != nil {
		a.unreadable(err)
		return
	}
	switch {
	case r.op != opDo:
		go a.answer(ctx, r)
	case r.action.Verb == protocol.VerbSend:
		a.end(encodePushed(g.send(r.action)), nil)
	case r.action.Verb == protocol.VerbClose:
		closed, discards := g.close(r.action)
		go a.settle(ctx, encodeCounts(closed.Matched, closed.Closed), nil, discards)
	default:
		body, err := g.serveAction(r.action)
		if !placesNames(r.action.Verb) {
			a.end(body, err)
			return
		}
		go a.settle(ctx, body, err, nil)
	}
}

// answering is an answer under way.
type answering struct {
	g      *Gateway
	from   cluster.Node
	reply  cluster.Reply
	missed []string // nodes that this one asked and that didn't answer
}

// rescue ends an answer whose making panicked.
func (a *answering) rescue() {
	if p := recover(); p != nil {
		a.g.log.Error("answering a node panicked", "node", a.from.Name, "panic", p, "stack", string(debug.Stack()))
		a.send(encodeAnswer(unreadable, nil, nil))
	}
}

func (a *answering) unreadable(err error) {
	a.g.log.Warn("a node asks for what this one can't read", "node", a.from.Name, "version", a.from.Version, "error", err)
	a.send(encodeAnswer(unreadable, nil, nil))
}

// settle ends the answer once the other nodes know which names this one holds, and
// discards are kept.
func (a *answering) settle(ctx context.Context, body []byte, err error, discards []Commit) {
	defer a.rescue()
	ctx, cancel := context.WithTimeout(ctx, servedWithin)
	defer cancel()
	ctx, missed := protocol.WithPartial(ctx)
	a.g.awaitDiscards(ctx, discards)
	a.g.settle(ctx)
	a.missed = missed.Nodes()
	a.end(body, err)
}

// answer answers a question.
func (a *answering) answer(ctx context.Context, r *request) {
	defer a.rescue()
	ctx, cancel := context.WithTimeout(ctx, servedWithin)
	defer cancel()
	body, err := a.g.serveQuestion(ctx, r)
	a.end(body, err)
}

// end sends the result, or what is wrong.
func (a *answering) end(body []byte, err error) {
	var p *protocol.Problem
	switch {
	case err == nil:
		a.send(encodeAnswer(wentWell, a.missed, body))
		return
	case !errors.As(err, &p):
		a.g.log.Error("what a node asked for failed", "node", a.from.Name, "error", err)
		p = &protocol.Problem{Status: 500, Code: protocol.CodeInternal, Detail: "the gateway failed; its log says why"}
	}
	body, err = json.Marshal(p)
	if err != nil {
		body = nil // a problem always encodes
	}
	a.send(encodeAnswer(wentWrong, a.missed, body))
}

// maxPart is how much of an answer goes at once.
const maxPart = 1 << 20

func (a *answering) send(raw []byte) {
	defer a.reply.Done()
	for len(raw) > 0 {
		n := min(len(raw), maxPart)
		if a.reply.Part(raw[:n]) != nil {
			return // nobody waits for it any more
		}
		raw = raw[n:]
	}
}

// placesNames says whether an action may change which names this node holds.
func placesNames(v protocol.Verb) bool { return v != protocol.VerbSend && v != protocol.VerbSession }

// serveAction carries out an action that another node has sent, on this node's
// clients.
func (g *Gateway) serveAction(a *protocol.Action) ([]byte, error) {
	switch a.Verb {
	case protocol.VerbDissolve:
		return encodeCounts(g.hub.Dissolve(a.Group)), nil
	case protocol.VerbJoin, protocol.VerbLeave:
		if a.Verb == protocol.VerbJoin {
			if err := g.mayJoin(a); err != nil {
				return nil, err
			}
		}
		m, err := g.move(a)
		if err != nil {
			return nil, err
		}
		return protocol.Marshal(m)
	case protocol.VerbSession:
		session, etag, err := g.changeSession(a)
		return encodeSession(session, etag, err)
	default:
		result, err := g.doToClient(a)
		if err != nil {
			return nil, err
		}
		return protocol.Marshal(result)
	}
}

func encodePushed(p protocol.Pushed) []byte { return encodeCounts(p.Matched, p.Queued, p.Dropped) }

func encodeSession(session json.RawMessage, etag string, err error) ([]byte, error) {
	if err != nil {
		return nil, err
	}
	return protocol.Marshal(sessionState{session, etag})
}
