package gateway

import (
	"runtime/debug"
	"time"

	"gatepost/hub"
	"gatepost/protocol"
)

// Message takes a message that the client sent. It waits while too much of this
// client's waits already: the caller stops reading meanwhile. The payload is the
// gateway's from now on.
func (g *Gateway) Message(c *hub.Client, m protocol.Message) {
	l := laneOf(c)
	if !g.events.Wants(protocol.Inbound, c.Path()) {
		l.skip()
		return
	}
	put, start := l.put(occurrence{message: m, at: time.Now()}, laneBounds{
		messages: g.cfg.LaneMessages,
		bytes:    g.cfg.LaneBytes,
		crowded:  func() bool { return g.waitingBytes.Load() > g.cfg.WaitingBytes },
	})
	if !put {
		return
	}
	g.waiting.Add(1)
	g.waitingBytes.Add(int64(len(m.Payload)))
	if start {
		go g.work(c, l)
	}
}

// Closed says that the client's connection has ended, or that its upgrade failed.
// The close event follows everything else that waits for it, exactly once however
// often this is called. cause counts unless the client was being closed already.
func (g *Gateway) Closed(c *hub.Client, cause hub.Cause) {
	c.Leave(cause)
	cause = c.Cause()
	now := time.Now()
	in, out := c.Traffic()
	put, start := laneOf(c).seal(occurrence{at: now, closed: &protocol.CloseInfo{
		Code: cause.Code, Reason: cause.Reason, Initiator: cause.Initiator,
		DurationMS: now.Sub(c.ConnectedAt()).Milliseconds(),
		MessagesIn: in, MessagesOut: out,
	}})
	if !put {
		return
	}
	g.waiting.Add(1)
	if start {
		go g.work(c, laneOf(c))
	}
}

func laneOf(c *hub.Client) *lane { return c.Attachment().(*lane) }

// work delivers what waits in the lane until nothing does.
func (g *Gateway) work(c *hub.Client, l *lane) {
	for {
		o, seq, ok := l.next()
		if !ok {
			return
		}
		g.deliver(c, o, seq)
		l.finish()
		g.waiting.Add(-1)
		g.waitingBytes.Add(-int64(len(o.message.Payload)))
		if o.closed != nil {
			g.clients.done()
		}
	}
}

// deliver makes the event, has it delivered, and does what the reply asks for. A
// panic in it costs this event, not the client's later ones.
func (g *Gateway) deliver(c *hub.Client, o occurrence, seq uint64) {
	defer func() {
		if r := recover(); r != nil {
			g.log.Error("delivering an event panicked", "client_id", c.ID(), "seq", seq, "panic", r, "stack", string(debug.Stack()))
		}
	}()
	ev := g.eventOf(c, o, seq)
	if !g.events.Wants(ev.Type, c.Path()) {
		return
	}
	out := g.events.Deliver(g.life, c.Path(), c.TraceID(), ev)
	if out.Verdict == protocol.Delivered {
		g.carry(c, ev, out.Reply)
	}
}

func (g *Gateway) eventOf(c *hub.Client, o occurrence, seq uint64) *protocol.Event {
	if o.closed == nil {
		ev := g.event(protocol.Inbound, c, seq, o.at)
		ev.Data.Message = &o.message
		return ev
	}
	ev := g.event(protocol.Close, c, seq, o.at)
	ev.ID = protocol.CloseEventID(c.ID())
	ev.Data.Close = o.closed
	ev.Data.UIDRemaining = &protocol.Remaining{}
	if ev.Data.UID != nil {
		*ev.Data.UIDRemaining = protocol.Remaining{Known: true, Count: g.hub.UIDClients(*ev.Data.UID)}
	}
	return ev
}

// event is the client as it is now.
func (g *Gateway) event(t protocol.EventType, c *hub.Client, seq uint64, at time.Time) *protocol.Event {
	g.metrics.events[t].Inc()
	who := c.Identity()
	return &protocol.Event{
		Type: t, ID: protocol.EventID(c.ID(), seq), Timestamp: protocol.Time{Time: at},
		Data: protocol.EventData{
			ClientID: c.ID(), Seq: seq, UID: orNull(who.UID), Groups: who.Groups, Session: who.Session,
			RemoteAddr: c.RemoteAddr(), RemotePort: c.RemotePort(),
			ConnectedAt: protocol.Time{Time: c.ConnectedAt()}, Node: g.cfg.Node,
		},
	}
}

// orNull is a name as JSON shows it: null where there is none.
func orNull(name string) *string {
	if name == "" {
		return nil
	}
	return &name
}
