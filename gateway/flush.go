package gateway

import (
	"time"

	"gatepost/hub"
)

const (
	// flushWithin is how long the writing of what one client leaves is tried
	// again: all lanes are written at once, which may be more than the store takes.
	flushWithin = 1500 * time.Millisecond
	flushPause  = 20 * time.Millisecond
)

// flush writes down what a process that ends leaves of a client.
func (g *Gateway) flush(c *hub.Client, l *lane, rest []occurrence) {
	commits := make([]Commit, len(rest))
	for i, o := range rest {
		switch {
		case o.kept != nil:
		case o.recorded:
			commits[i] = o.commit
		default:
			commits[i] = g.keep(c, l, o)
		}
	}
	until := time.Now().Add(flushWithin)
	for i, o := range rest {
		if commits[i] == nil {
			continue // an earlier process has written it
		}
		if err := g.insist(c, l, o, commits[i], until); err != nil {
			g.lost.Add(1)
			g.log.Error("an event ends with this process", "client_id", c.ID(), "seq", o.seq, "error", err)
		}
	}
	if n := len(rest); n > 0 && isClose(rest[n-1]) {
		g.over(c, l)
	}
}

// keep writes down one occurrence.
func (g *Gateway) keep(c *hub.Client, l *lane, o occurrence) Commit {
	if o.closed != nil {
		return g.keepClose(c, l, o)
	}
	return g.keepMessage(c, o)
}

// insist waits until an occurrence is written, and has it written again where
// that fails.
func (g *Gateway) insist(c *hub.Client, l *lane, o occurrence, commit Commit, until time.Time) error {
	for {
		err := commit.Wait(g.flushing)
		if err == nil || g.cfg.Journal == nil || g.flushing.Err() != nil || time.Now().After(until) {
			return err
		}
		select {
		case <-time.After(flushPause):
		case <-g.flushing.Done():
			return err
		}
		commit = g.keep(c, l, o)
	}
}
