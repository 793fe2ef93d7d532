package gateway

import (
	"context"
	"errors"
	"net"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"gatepost/hub"
	"gatepost/protocol"
)

// Admission is a client that may be upgraded.
type Admission struct {
	Client *hub.Client
	// Subprotocol is what the backend chose, one that the client offered, or
	// empty.
	Subprotocol string
}

// Asks says whether Connect asks the backend about clients of this path, and so looks
// at more of their request than that.
func (g *Gateway) Asks(path string) bool { return g.events.Wants(protocol.Connect, path) }

// Connect asks the backend whether this client may connect. From the moment its
// connect event is sent the client is addressable. Every admission, and no
// refusal, is to be followed by Closed once the connection has ended or the
// upgrade has failed.
//
// The error is a *protocol.Refusal.
func (g *Gateway) Connect(ctx context.Context, hs *protocol.Handshake) (a *Admission, err error) {
	g.clients.add() // first, so that a Drain which isn't seen here sees this
	if refusal := g.notReady(); refusal != nil {
		g.clients.done()
		return nil, refusal
	}
	l := newLane()
	c := g.hub.Admit(protocol.NewClientID(g.nodeTag), hs, time.Now(), l)
	g.unfinished.enter(c)
	defer func() { // else the client would stay for ever, and no close follow
		if r := recover(); r != nil {
			g.log.Error("connecting a client panicked", "client_id", c.ID(), "panic", r, "stack", string(debug.Stack()))
			a, err = nil, g.turnAway(c, protocol.Outcome{Verdict: protocol.Unavailable, OwesClose: true})
		}
	}()
	if err := g.begin(ctx, c, l); err != nil {
		if !errors.Is(err, context.Canceled) { // else the client has hung up
			g.log.Error("a client is refused: the journal can't be written", "error", err)
		}
		_ = g.turnAway(c, protocol.Outcome{Verdict: protocol.Unavailable})
		return nil, &protocol.Refusal{Status: 503, Text: "this node can't keep anything", RetryAfter: 5}
	}
	g.settle(ctx) // from here on any node is to find it
	if !g.Asks(c.Path()) {
		l.claim()
		return &Admission{Client: c}, nil
	}
	ev := g.event(protocol.Connect, c, l.claim(), time.Now())
	ev.Data.Request = &hs.Request
	out := g.events.Deliver(ctx, c.Path(), c.TraceID(), ev)
	if out.Verdict == protocol.Delivered {
		return g.admit(ctx, c, hs, ev, out.Reply)
	}
	return nil, g.turnAway(c, out)
}

// notReady is why this node takes no clients now, or nil.
func (g *Gateway) notReady() *protocol.Refusal {
	refusal := func(why string, retryAfter int) *protocol.Refusal {
		return &protocol.Refusal{Status: 503, Text: why, RetryAfter: retryAfter}
	}
	switch {
	case g.draining.Load():
		return refusal("this node is draining", 1)
	case g.full():
		return refusal("the outbox is full", 5)
	case g.fenced():
		return refusal("this node is cut off from its cluster", 1)
	}
	return nil
}

func (g *Gateway) admit(ctx context.Context, c *hub.Client, hs *protocol.Handshake, ev *protocol.Event, r *protocol.Reply) (*Admission, error) {
	// A client that was closed while its connect was under way is upgraded all the
	// same: that is how it hears its last words and the code.
	if err := c.Adopt(r.UID, r.Groups, r.Session, r.Until); err != nil && !c.Closing() {
		g.log.Warn("a connect's reply can't be carried out; the client is refused",
			"client_id", c.ID(), "error", err)
		return nil, g.turnAway(c, protocol.Outcome{Verdict: protocol.Unavailable, OwesClose: true})
	}
	g.settle(ctx)
	g.carry(c, ev, r)
	a := &Admission{Client: c}
	if r.Subprotocol != "" {
		if slices.Contains(hs.Request.Subprotocols, r.Subprotocol) {
			a.Subprotocol = r.Subprotocol
		} else {
			g.log.Warn("the backend chose a subprotocol that the client didn't offer; none is selected",
				"client_id", c.ID(), "subprotocol", r.Subprotocol)
		}
	}
	return a, nil
}

// turnAway refuses a client. If the backend may have accepted it all the same,
// its close event follows.
func (g *Gateway) turnAway(c *hub.Client, out protocol.Outcome) *protocol.Refusal {
	cause := hub.Cause{Code: protocol.CloseAbnormal, Reason: "the connect was not accepted", Initiator: protocol.ByGateway}
	if out.OwesClose {
		g.Closed(c, cause)
	} else {
		c.Leave(cause)
		g.forget(c, laneOf(c))
		g.over(c, laneOf(c))
	}
	if out.Verdict == protocol.Refused {
		return &protocol.Refusal{Status: out.Status, Text: out.Text, ByBackend: true}
	}
	return &protocol.Refusal{Status: 503, Text: "the backend did not accept the connection", RetryAfter: 1, ByBackend: true}
}

// Open begins the client's connection: answer, which ends the handshake (nil: it
// has ended), the welcome frame, then what was pushed since its connect event was
// sent. heartbeat is the text that the welcome names as answered; empty: none.
func (g *Gateway) Open(c *hub.Client, conn net.Conn, answer []byte, heartbeat string) {
	if c.Open(conn, answer, g.welcome(c, heartbeat)) && g.draining.Load() {
		c.Close(goingAway, nil, false)
	}
}

// welcome is the first frame; nil: there is none.
func (g *Gateway) welcome(c *hub.Client, heartbeat string) *hub.Frame {
	text := g.cfg.Welcome
	switch {
	case text == "":
		return nil
	case text == protocol.Welcome && heartbeat != "":
		text = protocol.WelcomeWithHeartbeat
	}
	text = strings.ReplaceAll(text, "{client_id}", c.ID())
	text = strings.ReplaceAll(text, "{heartbeat}", heartbeat)
	return hub.NewFrame(&protocol.Message{Payload: []byte(text)})
}
