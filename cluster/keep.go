package cluster

import (
	"context"
	"encoding/json"
)

// persist keeps the roster's changes until the end.
func (c *Cluster) persist() {
	for {
		select {
		case <-c.dirty:
		case <-c.ctx.Done():
			return
		}
		if err := c.keepNow(c.ctx); err != nil && c.ctx.Err() == nil {
			c.mu.Lock()
			c.warn("", "cluster: who the members are can't be kept; it is tried again", "error", err)
			c.mu.Unlock()
			pause(c.ctx, c.o.timing.beat)
			notify(c.dirty)
		}
	}
}

// keepNow keeps the roster as it is, but not once the node is closed: one that ends
// without leaving is to find itself a member when it starts again.
func (c *Cluster) keepNow(ctx context.Context) error {
	c.keeping.Lock()
	defer c.keeping.Unlock()
	c.mu.Lock()
	closed, rec, change := c.ctx.Err(), c.roster.record(), c.roster.changes
	c.mu.Unlock()
	if closed != nil {
		return closed
	}
	text, err := json.Marshal(rec)
	if err != nil {
		return err
	}
	if err := c.o.State.Put(memberKey, text).Wait(ctx); err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.roster.keep(rec, change)
	c.after(c.o.clock())
	return nil
}
