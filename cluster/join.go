package cluster

import (
	"context"
	"time"
)

// Join announces this node and answers the others' calls through h from now on.
// It first waits a few seconds for peers, if any are configured. Where this node
// was one of three or more members when it ended, the fence stays shut until a
// majority of them is heard, also after Join has returned.
func (c *Cluster) Join(ctx context.Context, h Host) error {
	c.receiving.Lock()
	c.host = h
	c.receiving.Unlock()
	c.mu.Lock()
	c.joined = c.o.clock()
	c.mu.Unlock()
	for _, root := range c.bus.roots {
		if _, err := c.bus.subscribe(allOf(root), c.takeBeat); err != nil {
			return err
		}
	}
	c.workers.Go(c.persist)
	c.workers.Go(c.observeAll)
	c.workers.Go(c.beatOn)
	tick := time.NewTicker(c.o.timing.beat / 20)
	defer tick.Stop()
	for end := time.After(c.o.timing.meeting + 5*c.o.timing.beat); ; {
		c.mu.Lock()
		done, fatal := c.roster.state == serving, c.roster.fatal
		c.mu.Unlock()
		if fatal != nil {
			return fatal
		}
		if done {
			return c.enter(ctx)
		}
		select {
		case <-tick.C:
		case <-end:
			return c.enter(ctx)
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// hasMet says whether a joining node has met those whom it can meet.
func (c *Cluster) hasMet(now moment) bool {
	r := c.roster
	wait := c.o.timing.meeting
	switch {
	case r.kept == 0:
		return false // it can't be told who this node is
	case c.bus.engine == nil:
		wait = min(wait, 3*c.o.timing.beat) // who is there answers at once
	case c.dialler.expected.Load() == 0 && len(r.members) == 0:
		wait = 0
	}
	passed := now.waited(c.joined)
	if passed >= wait {
		return true
	}
	if len(r.members) == 0 || passed < c.o.timing.beat {
		return false
	}
	for _, m := range r.members {
		if !m.hearing || !m.confirmed {
			return false
		}
	}
	for _, o := range r.others {
		if r.gone[o.beat.start()] == nil {
			return false
		}
	}
	return r.count() <= leaseless || r.holds(now)
}
