package gateway

import (
	"context"
	"encoding/json"

	"gatepost/hub"
	"gatepost/protocol"
)

// Do carries out one action, whoever asks for it. A *protocol.Problem says what
// was wrong with it.
func (g *Gateway) Do(_ context.Context, a *protocol.Action) (protocol.Result, error) {
	switch a.Verb {
	case protocol.VerbSend:
		return g.send(a)
	case protocol.VerbBind, protocol.VerbUnbind:
		return g.bind(a)
	case protocol.VerbJoin:
		return g.membership(a, (*hub.Client).Join)
	case protocol.VerbLeave:
		return g.membership(a, (*hub.Client).LeaveGroups)
	case protocol.VerbDissolve:
		return protocol.Dissolved{Group: a.Group, Removed: g.hub.Dissolve(a.Group)}, nil
	case protocol.VerbSession:
		session, _, err := g.changeSession(a)
		return protocol.SessionState{ClientID: a.ClientID, Session: session}, err
	case protocol.VerbUntil:
		return g.until(a)
	case protocol.VerbClose:
		return g.close(a)
	default:
		return nil, protocol.BadField("action", "%q is not an action", a.Verb)
	}
}

// ChangeSession carries out a session action and answers the session as it is
// now, with its ETag.
func (g *Gateway) ChangeSession(_ context.Context, a *protocol.Action) (json.RawMessage, string, error) {
	return g.changeSession(a)
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

func (g *Gateway) send(a *protocol.Action) (protocol.Result, error) {
	if err := g.checkSize("message", a.Message); err != nil {
		return nil, err
	}
	return g.hub.Push(a.Target, a.Except, hub.NewFrame(a.Message)), nil
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

// membership joins or leaves groups. What it can't find is named in the answer;
// a client that would be in too many groups fails the action before anything has
// changed.
func (g *Gateway) membership(a *protocol.Action, change func(*hub.Client, []string) (int, error)) (protocol.Result, error) {
	result := protocol.Changed{Missing: []string{}}
	if len(a.Memberships) == 1 {
		result.Group = a.Memberships[0]
	} else {
		result.Groups = a.Memberships
	}
	clients, missing := g.members(a)
	result.Missing = append(result.Missing, missing...)
	if a.Verb == protocol.VerbJoin {
		for _, c := range clients {
			if err := c.MayJoin(a.Memberships); err != nil {
				return nil, err
			}
		}
	}
	for _, c := range clients {
		changed, err := change(c, a.Memberships)
		if err != nil {
			result.Missing = append(result.Missing, c.ID())
			continue
		}
		result.Changed += changed
	}
	return result, nil
}

// members are the clients that a join or leave names, each once, and the names
// of which there is no client.
func (g *Gateway) members(a *protocol.Action) (clients []*hub.Client, missing []string) {
	clients = g.hub.Select(protocol.Target{Clients: a.Clients, UIDs: a.UIDs}, protocol.Target{})
	found := make(map[string]bool, len(clients))
	for _, c := range clients {
		found[c.ID()] = true
	}
	for _, id := range a.Clients {
		if !found[id] {
			missing = append(missing, id)
			found[id] = true // told once
		}
	}
	for _, uid := range a.UIDs {
		if len(g.hub.Select(protocol.Target{UIDs: []string{uid}}, protocol.Target{})) == 0 {
			missing = append(missing, uid)
		}
	}
	return clients, missing
}

func (g *Gateway) until(a *protocol.Action) (protocol.Result, error) {
	c, err := g.client(a.ClientID)
	if err != nil {
		return nil, err
	}
	c.SetUntil(a.Until)
	return protocol.UntilSet{ClientID: a.ClientID, At: a.Until}, nil
}

func (g *Gateway) close(a *protocol.Action) (protocol.Result, error) {
	var lastWords *hub.Frame
	if a.Message != nil {
		if err := g.checkSize("message", a.Message); err != nil {
			return nil, err
		}
		lastWords = hub.NewFrame(a.Message)
	}
	clients := g.hub.Select(a.Target, a.Except)
	result := protocol.Closed{Matched: len(clients)}
	cause := hub.Cause{Code: a.Code, Reason: a.Reason, Initiator: protocol.ByBackend}
	for _, c := range clients {
		if c.Close(cause, lastWords, a.Force) {
			result.Closed++
		}
	}
	return result, nil
}
