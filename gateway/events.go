package gateway

import (
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
		l.claim()
		return
	}
	g.waitForRoom(c)
	now := time.Now()
	o := occurrence{message: m, at: now, born: now}
	if g.cfg.DurableMessages && g.cfg.Journal != nil {
		o.keep = func(o occurrence) Commit { return g.keepMessage(c, o) }
	}
	g.placed(c, l, o, l.put(o, laneBounds{
		messages: g.cfg.LaneMessages,
		bytes:    g.cfg.LaneBytes,
		crowded:  func() bool { return g.waitingBytes.Load() > g.cfg.WaitingBytes },
	}))
}

// placed sees to an occurrence that was put into its client's lane, or was not.
func (g *Gateway) placed(c *hub.Client, l *lane, o occurrence, p placed) {
	switch {
	case p.discarded:
		g.metrics.discarded.Inc()
		return
	case p.refused:
		return
	}
	if p.parked {
		o.seq = p.seq
		g.flush(c, l, []occurrence{o})
		return
	}
	g.waiting.Add(1)
	g.waitingBytes.Add(int64(len(o.message.Payload)))
	if p.commit != nil {
		g.recorder.watch(recording{c, l, p.commit})
	}
	switch {
	case !p.start:
	case g.wanted(c, o):
		g.workers.start(c, l)
	default:
		g.work(c, l) // there is nobody to wait for
	}
}

// wanted says whether an occurrence becomes an event that goes anywhere. One that was
// kept did.
func (g *Gateway) wanted(c *hub.Client, o occurrence) bool {
	t := protocol.Inbound
	if isClose(o) {
		t = protocol.Close
	}
	return o.kept != nil || g.events.Wants(t, c.Path())
}

// roomPause is when a reader that waits for the outbox looks again, then after twice
// as long each time, at most mostRoomPause: there may be very many of them, for hours.
const (
	roomPause     = 50 * time.Millisecond
	mostRoomPause = time.Second
)

// waitForRoom returns when the outbox takes messages again, when the node ends,
// or when the client does: what it sent before still counts then.
func (g *Gateway) waitForRoom(c *hub.Client) {
	for pause := roomPause; g.full() && !c.Closing(); pause = min(2*pause, mostRoomPause) {
		select {
		case <-g.life.Done():
			return
		case <-time.After(pause):
		}
	}
}

func (g *Gateway) full() bool { return g.cfg.Full != nil && g.cfg.Full() }

// Closed says that the client's connection has ended, or that its upgrade failed.
// The close event follows everything else that waits for it, exactly once however
// often this is called. cause counts unless the client was being closed already.
func (g *Gateway) Closed(c *hub.Client, cause hub.Cause) {
	c.Leave(cause)
	cause = c.Cause()
	now := time.Now()
	in, out := c.Traffic()
	l := laneOf(c)
	o := occurrence{at: now, closed: &protocol.CloseInfo{
		Code: cause.Code, Reason: cause.Reason, Initiator: cause.Initiator,
		DurationMS: now.Sub(c.ConnectedAt()).Milliseconds(),
		MessagesIn: in, MessagesOut: out,
	}}
	g.placed(c, l, o, l.seal(o))
}

func laneOf(c *hub.Client) *lane { return c.Attachment().(*lane) }

func (g *Gateway) eventOf(c *hub.Client, o occurrence) *protocol.Event {
	if o.closed == nil {
		ev := g.event(protocol.Inbound, c, o.seq, o.at)
		ev.Born = o.born
		message := o.message // the event keeps no more of the occurrence
		ev.Data.Message = &message
		return ev
	}
	ev := g.event(protocol.Close, c, o.seq, o.at)
	ev.ID = protocol.CloseEventID(c.ID())
	ev.Data.Close = o.closed
	ev.Data.UIDRemaining = &protocol.Remaining{}
	if ev.Data.UID != nil {
		*ev.Data.UIDRemaining = g.remaining(*ev.Data.UID)
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
			ConnectedAt: protocol.Time{Time: c.ConnectedAt()}, Node: g.nodeOf(c),
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
