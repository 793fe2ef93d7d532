package gateway

import (
	"context"
	"encoding/json"

	"gatepost/hub"
	"gatepost/protocol"
)

// Do carries out one action, whoever asks for it and on whichever node its clients
// are. A *protocol.Problem says what was wrong with it; nodes that it concerned and
// that didn't answer are in the context's protocol.Partial.
func (g *Gateway) Do(ctx context.Context, a *protocol.Action) (protocol.Result, error) {
	if a.Message != nil {
		if err := g.checkSize("message", a.Message); err != nil {
			return nil, err
		}
	}
	if !g.Alone() {
		return g.doAcross(ctx, a)
	}
	switch a.Verb {
	case protocol.VerbSend:
		return g.send(a), nil
	case protocol.VerbClose:
		closed, discards := g.close(a)
		g.awaitDiscards(ctx, discards)
		return closed, nil
	case protocol.VerbJoin, protocol.VerbLeave:
		return g.membership(a)
	case protocol.VerbDissolve:
		return protocol.Dissolved{Group: a.Group, Removed: g.hub.Dissolve(a.Group)}, nil
	default:
		return g.doToClient(a)
	}
}

// doToClient carries out an action on one client of this node.
func (g *Gateway) doToClient(a *protocol.Action) (protocol.Result, error) {
	switch a.Verb {
	case protocol.VerbBind, protocol.VerbUnbind:
		return g.bind(a)
	case protocol.VerbSession:
		session, _, err := g.changeSession(a)
		return protocol.SessionState{ClientID: a.ClientID, Session: session}, err
	case protocol.VerbUntil:
		return g.until(a)
	default:
		return nil, protocol.BadField("action", "%q is not an action", a.Verb)
	}
}

func (g *Gateway) changeSession(a *protocol.Action) (json.RawMessage, string, error) {
	c, err := g.client(a.ClientID)
	if err != nil {
		return nil, "", err
	}
	return c.ChangeSession(a.SessionMode, a.Session, a.SessionIfMatch)
}

func (g *Gateway) client(id string) (*hub.Client, error) {
	c, ok := g.hub.Client(id)
	if !ok {
		return nil, protocol.ClientGone(id)
	}
	return c, nil
}

func (g *Gateway) send(a *protocol.Action) protocol.Pushed {
	return g.hub.Push(a.Target, a.Except, hub.NewFrame(a.Message))
}

func (g *Gateway) checkSize(field string, m *protocol.Message) error {
	if g.cfg.MaxPush > 0 && len(m.Payload) > g.cfg.MaxPush {
		return protocol.TooLarge(field, g.cfg.MaxPush)
	}
	return nil
}

func (g *Gateway) bind(a *protocol.Action) (protocol.Result, error) {
	c, err := g.client(a.ClientID)
	if err != nil {
		return nil, err
	}
	previous, ok := c.Bind(a.UID)
	if !ok {
		return nil, protocol.ClientGone(a.ClientID)
	}
	return protocol.Bound{ClientID: a.ClientID, UID: orNull(a.UID), PreviousUID: orNull(previous)}, nil
}

func (g *Gateway) until(a *protocol.Action) (protocol.Result, error) {
	c, err := g.client(a.ClientID)
	if err != nil {
		return nil, err
	}
	c.SetUntil(a.Until)
	return protocol.UntilSet{ClientID: a.ClientID, At: a.Until}, nil
}

// close closes this node's clients. discards are the journal's word on what it drops.
func (g *Gateway) close(a *protocol.Action) (result protocol.Closed, discards []Commit) {
	var lastWords *hub.Frame
	if a.Message != nil {
		lastWords = hub.NewFrame(a.Message)
	}
	clients := g.hub.Select(a.Target, a.Except)
	result.Matched = len(clients)
	cause := hub.Cause{Code: a.Code, Reason: a.Reason, Initiator: protocol.ByBackend}
	for _, c := range clients {
		if !c.Close(cause, lastWords, a.Force) {
			continue
		}
		result.Closed++
		if a.Discard {
			discards = append(discards, g.discardMessages(c))
		}
	}
	return result, discards
}
