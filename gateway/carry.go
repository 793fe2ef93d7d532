package gateway

import (
	"errors"
	"runtime/debug"

	"gatepost/hub"
	"gatepost/protocol"
)

// Carry does what the reply to an event asks for that is delivered late: a
// replayed dead letter, say. Its client may be gone; what concerns others is done
// all the same. A panic in it ends here: nobody waits above.
func (g *Gateway) Carry(ev *protocol.Event, r *protocol.Reply) {
	defer func() {
		if p := recover(); p != nil {
			g.log.Error("carrying out a late reply panicked", "event", ev.ID, "panic", p, "stack", string(debug.Stack()))
		}
	}()
	c, _ := g.hub.Client(ev.Data.ClientID)
	g.carry(c, ev, r)
}

// carry does what a reply asks for, in the contract's order: session; actions;
// reply. (A connect's uid, groups and session have been adopted by then.) c is
// nil where the client is gone.
func (g *Gateway) carry(c *hub.Client, ev *protocol.Event, r *protocol.Reply) {
	if r.Session != nil && ev.Type == protocol.Inbound {
		g.failed(ev, "session", g.mergeSession(c, r.Session))
	}
	ctx, partial := g.life, (*protocol.Partial)(nil)
	if len(r.Actions) > 0 && !g.Alone() {
		ctx, partial = protocol.WithPartial(ctx)
	}
	for _, a := range r.Actions {
		err := a.Err
		verb := "unreadable"
		if err == nil {
			verb = string(a.Action.Verb)
			_, err = g.Do(ctx, a.Action)
		}
		g.failed(ev, verb, err)
	}
	g.incomplete(ev, partial.Nodes())
	if r.Message != nil {
		g.failed(ev, "reply", g.answer(c, r.Message))
	}
}

// incomplete counts and logs that a reply's actions didn't reach all nodes.
func (g *Gateway) incomplete(ev *protocol.Event, silent []string) {
	if len(silent) == 0 {
		return
	}
	g.metrics.replyPartial.Inc()
	g.log.Warn("a reply's actions didn't reach all nodes that they concern", "event", ev.ID, "client_id", ev.Data.ClientID, "silent", silent)
}

func (g *Gateway) mergeSession(c *hub.Client, patch []byte) error {
	if c == nil {
		return errGone
	}
	_, _, err := c.ChangeSession(protocol.SessionMerge, patch, "")
	return err
}

// answer sends a reply's message to the sender.
func (g *Gateway) answer(c *hub.Client, m *protocol.Message) error {
	if c == nil {
		return errGone
	}
	if err := g.checkSize("reply", m); err != nil {
		return err
	}
	if c.Send(hub.NewFrame(m)) == hub.Gone {
		return errGone
	}
	return nil
}

var errGone = &protocol.Problem{Status: 404, Code: protocol.CodeClientGone, Detail: "the client is gone"}

// failed counts and logs a part of a reply that could not be done. It harms no
// other part.
func (g *Gateway) failed(ev *protocol.Event, what string, err error) {
	if err == nil {
		return
	}
	code := protocol.CodeInternal
	var p *protocol.Problem
	if errors.As(err, &p) {
		code = p.Code
	}
	g.metrics.replyFailures.WithLabelValues(what, code).Inc()
	log := g.log.Warn
	if code == protocol.CodeClientGone { // usual: clients leave while a backend works
		log = g.log.Debug
	}
	log("a part of a reply could not be carried out", "event", ev.ID, "client_id", ev.Data.ClientID, "what", what, "error", err)
}
