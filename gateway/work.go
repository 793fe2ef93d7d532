package gateway

import (
	"context"
	"runtime/debug"

	"gatepost/hub"
	"gatepost/protocol"
)

// work delivers what waits in the lane until nothing does, or until the node ends:
// then what is left is written into the journal.
func (g *Gateway) work(c *hub.Client, l *lane) {
	t := g.tenure()
	for g.workOne(t, c, l) {
		if t.hasEnded() {
			g.release(t)
			t = g.tenure()
		}
	}
	g.release(t)
}

// workOne delivers what is first in the lane, and says whether to go on.
func (g *Gateway) workOne(t *tenure, c *hub.Client, l *lane) bool {
	o, ok := l.next(t)
	if !ok {
		return false
	}
	if l.isGivenUp() {
		g.discard(c, l)
		return false
	}
	switch g.deliver(t, c, l, o) {
	case protocol.Discarded:
		g.metrics.discarded.Inc()
	case protocol.Kept:
		g.finished(c, l, o)
		g.parkLane(c, l)
		return false
	case protocol.Aborted:
		g.parkLane(c, l)
		return false
	}
	g.finished(c, l, o)
	return true
}

// parkLane ends the lane for this process.
func (g *Gateway) parkLane(c *hub.Client, l *lane) {
	if l.isGivenUp() {
		g.discard(c, l)
		return
	}
	rest := l.park()
	g.flush(c, l, rest)
	for _, o := range rest {
		g.countOut(o)
	}
}

// finished takes an occurrence out of the lane that is no more this lane's to
// deliver.
func (g *Gateway) finished(c *hub.Client, l *lane, o occurrence) {
	l.finish()
	g.countOut(o)
	switch {
	case isClose(o):
		g.forget(c, l)
		g.over(c, l)
	case o.recorded:
		g.cfg.Journal.Delete(messageKey(c.ID(), o.seq))
	}
}

// forgetClosed takes a client off the record whose close is delivered, before
// what the reply asks for is done: that may take long, and a node that dies
// meanwhile would have its next start tell of another end.
func (g *Gateway) forgetClosed(c *hub.Client, l *lane, o occurrence) {
	if isClose(o) {
		g.forget(c, l)
	}
}

// countOut counts an occurrence out that waits no more in memory.
func (g *Gateway) countOut(o occurrence) {
	g.waiting.Add(-1)
	g.waitingBytes.Add(-int64(len(o.message.Payload)))
}

// deliver makes the event, has it delivered, and does what the reply asks for. A
// panic in it costs this event, not the client's later ones.
func (g *Gateway) deliver(ctx context.Context, c *hub.Client, l *lane, o occurrence) (v protocol.Verdict) {
	defer func() {
		if r := recover(); r != nil {
			g.log.Error("delivering an event panicked", "client_id", c.ID(), "seq", o.seq, "panic", r, "stack", string(debug.Stack()))
			v = protocol.Dead
		}
	}()
	if o.kept != nil {
		out := g.events.Redeliver(ctx, o.kept)
		if out.Verdict == protocol.Delivered {
			defer out.Finish()
			g.forgetClosed(c, l, o)
			g.Carry(o.kept.Event, out.Reply)
		}
		return out.Verdict
	}
	g.reserve(c, l, o.seq)
	if !g.wanted(c, o) {
		return protocol.Delivered
	}
	ev := g.eventOf(c, o)
	out := g.events.Deliver(ctx, c.Path(), c.TraceID(), ev)
	if out.Verdict == protocol.Delivered {
		defer out.Finish() // also behind a panic, which would only come again
		g.forgetClosed(c, l, o)
		g.carry(c, ev, out.Reply)
	}
	return out.Verdict
}
