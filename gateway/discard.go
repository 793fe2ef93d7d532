package gateway

import (
	"context"
	"slices"

	"gatepost/hub"
	"gatepost/webhooks"
)

// discardMessages drops the messages of a client that is being closed, those that it
// still sends too. One that is under way isn't tried again. Once the Commit is kept no
// restart delivers them, on this node or another; nil: none would.
func (g *Gateway) discardMessages(c *hub.Client) Commit {
	l := laneOf(c)
	for _, o := range l.discardMessages() {
		g.countOut(o)
		g.discarded(c.ID(), o)
	}
	l.entry.mu.Lock()
	defer l.entry.mu.Unlock()
	if g.cfg.Journal == nil || l.entry.gone || l.entry.ended {
		return nil
	}
	l.entry.kept, l.entry.discards = true, true
	return g.write(c, &l.entry, ending{})
}

// discarded takes a message off the record that is dropped.
func (g *Gateway) discarded(id string, o occurrence) {
	g.metrics.discarded.Inc()
	g.forgetOccurrence(id, o)
}

// awaitDiscards returns when these are kept, or ctx has ended.
func (g *Gateway) awaitDiscards(ctx context.Context, discards []Commit) {
	if err := waitAll(ctx, discards); err != nil && ctx.Err() == nil {
		g.log.Error("clients' messages are discarded, but that could not be written: a process that dies now has them delivered by the next start", "error", err)
	}
}

// discardMessages takes out all that waits but a close and what is being delivered, which
// isn't tried again. What comes from now on is refused, but the close.
func (l *lane) discardMessages() (dropped []occurrence) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.discards = true
	kept := l.waiting[:0]
	for i, o := range l.waiting {
		switch {
		case isClose(o):
			kept = append(kept, o)
		case i == 0 && l.tenure != nil:
			l.tenure.end(webhooks.ErrDiscarded)
			kept = append(kept, o)
		default:
			dropped = append(dropped, o)
			l.bytes -= len(o.message.Payload)
		}
	}
	clear(l.waiting[len(kept):])
	l.waiting = kept
	l.room.Broadcast()
	return dropped
}

// discardLeft drops the messages that were left of a client that was closed so.
func (g *Gateway) discardLeft(id string, left *remains) {
	if left.record == nil || !left.record.Discards {
		return
	}
	left.events = slices.DeleteFunc(left.events, func(o occurrence) bool {
		if isClose(o) {
			return false
		}
		g.discarded(id, o)
		return true
	})
}
