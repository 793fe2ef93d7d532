package cluster

import (
	"context"
	"sync"
)

// Leave takes this node out of the member list, after everything was handed
// over. It returns when all who can be heard know, or ctx ends. The fence is
// shut from the beginning.
func (c *Cluster) Leave(ctx context.Context) error {
	ring := c.hearing()
	c.mu.Lock()
	c.roster.state = leaving
	c.roster.change()
	c.after(c.o.clock())
	c.mu.Unlock()
	// First it must be known here: the others will take this incarnation for gone.
	if err := c.keepNow(ctx); err != nil {
		return err
	}
	var all sync.WaitGroup
	for _, n := range ring {
		all.Go(func() {
			for ctx.Err() == nil {
				if _, err := c.request(ctx, n.Tag, kindLeave, nil); err == nil || !c.hears(n.Tag) {
					return
				}
				pause(ctx, c.o.timing.beat/5)
			}
		})
	}
	all.Wait()
	return ctx.Err()
}

func (c *Cluster) hears(tag string) bool {
	n, ok := c.Node(tag)
	return ok && n.Hearing
}

// seeOff takes the leave of another node, which needn't be a member any more: a third
// one may have told of it first.
func (c *Cluster) seeOff(from Node, _ []byte, reply Reply) {
	c.mu.Lock()
	now := c.o.clock()
	if m := c.roster.members[from.Tag]; m != nil && m.inc == from.Incarnation {
		c.roster.markGone(m, false, now)
		c.after(now)
	}
	c.mu.Unlock()
	c.workers.Go(func() {
		if c.keepNow(c.ctx) == nil {
			reply.Done()
		}
	})
}
