package gateway

import (
	"context"

	"gatepost/hub"
	"gatepost/protocol"
	"gatepost/webhooks"
)

var cutOff = hub.Cause{Code: protocol.CloseGoingAway, Reason: "this node was cut off from its cluster", Initiator: protocol.ByGateway}

// given is a lane whose client is another node's now.
type given struct {
	discarded chan struct{} // closed when what was left in it is gone
}

// giveUp ends a lane: nothing of it is delivered any more. idle says that no worker is
// there to discard what is left.
func (l *lane) giveUp() (gone *given, idle bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.given != nil {
		return l.given, false
	}
	l.given = &given{discarded: make(chan struct{})}
	l.sealed = true
	l.room.Broadcast()
	if l.tenure != nil {
		l.tenure.end(webhooks.ErrGivenUp)
	}
	return l.given, !l.running
}

func (l *lane) isGivenUp() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.given != nil
}

// discard drops what is left in the lane of a client that is another node's now, and
// what is on record of it.
func (g *Gateway) discard(c *hub.Client, l *lane) {
	rest := l.park()
	for _, o := range rest {
		g.countOut(o)
		g.forgetOccurrence(c.ID(), o)
	}
	g.metrics.givenUp.Add(float64(len(rest)))
	g.forget(c, l)
	g.over(c, l)
	close(l.given.discarded)
}

// forgetOccurrence takes an occurrence off the record.
func (g *Gateway) forgetOccurrence(id string, o occurrence) {
	if o.kept != nil && g.cfg.Outbox != nil {
		g.cfg.Outbox.Forget(o.kept)
	}
	if o.recorded {
		g.cfg.Journal.Delete(messageKey(id, o.seq))
	}
}

// GiveUp ends clients that other nodes have taken over while this one was cut off
// from them: those that are connected are closed with 1001, and the events of all of
// them that wait are dropped, since their close has been told or will be. It returns
// when none of them starts an attempt any more and nothing of them is on record. An
// error says that this took too long, or that the node is ending: it may be called
// again, with the same clients, and is to be at the next start.
func (g *Gateway) GiveUp(ctx context.Context, clients []string) error {
	type leaving struct {
		lane *lane
		gone *given
	}
	var all []leaving
	var commits []Commit
	known, dropped := 0, 0
	earlier, droppedOfThose := 0, 0
	for _, id := range clients {
		left, c := g.unfinished.take(id)
		if left != nil {
			earlier++
			droppedOfThose += len(left.events)
			commits = append(commits, g.forgetRemains(id, left))
			continue
		}
		if c == nil {
			continue
		}
		known++
		c.Close(cutOff, nil, false)
		l := laneOf(c)
		dropped += l.len()
		gone, idle := l.giveUp()
		if idle {
			g.discard(c, l)
		}
		all = append(all, leaving{l, gone})
	}
	if earlier > 0 {
		g.log.Info("other nodes have ended clients of an earlier process of this one; what waited of their events is dropped here",
			"clients", earlier, "events", droppedOfThose)
	}
	if known > 0 {
		g.log.Warn("clients were taken over by other nodes while this one was cut off from them; their connections are closed, and what waited of their events is dropped",
			"clients", known, "events", dropped)
	}
	for _, e := range all {
		select {
		case <-e.gone.discarded:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
		commits = append(commits, e.lane.lastCommit())
	}
	if err := waitAll(ctx, commits); err != nil {
		return err
	}
	if g.draining.Load() || g.life.Err() != nil {
		return errEnding // what was under way the webhooks may have kept for the next start
	}
	return nil
}

// forgetRemains takes off the record what was left of a client that nobody has begun
// with.
func (g *Gateway) forgetRemains(id string, left *remains) Commit {
	for _, o := range left.events {
		g.forgetOccurrence(id, o)
	}
	g.metrics.givenUp.Add(float64(len(left.events)))
	g.clients.done()
	if g.cfg.Journal == nil {
		return nil
	}
	return g.cfg.Journal.Delete(clientPrefix + id)
}

// lastCommit is the last change of the client's record; nil: there was none.
func (l *lane) lastCommit() Commit {
	l.entry.mu.Lock()
	defer l.entry.mu.Unlock()
	return l.entry.commit
}

func (l *lane) len() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.waiting)
}

// waitAll returns when all of these are kept, or why one isn't. Some may be nil.
func waitAll(ctx context.Context, commits []Commit) error {
	for _, commit := range commits {
		if commit == nil {
			continue
		}
		if err := commit.Wait(ctx); err != nil {
			return err
		}
	}
	return nil
}
