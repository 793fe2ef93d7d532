package cluster

import (
	"time"

	"github.com/nats-io/nats.go"
)

// beatOn sends beats and lets time pass until the end.
func (c *Cluster) beatOn() {
	tick := time.NewTicker(c.o.timing.beat / 10)
	defer tick.Stop()
	var last moment
	for {
		c.mu.Lock()
		now := c.o.clock()
		c.roster.tick(now)
		if c.roster.state == joining && c.hasMet(now) {
			c.roster.state = serving
		}
		c.after(now)
		var b *beat
		if c.roster.state != leaving && (c.roster.news || now.waited(last) >= c.o.timing.beat-c.o.timing.beat/20) {
			b, last = c.roster.makeBeat(now), now
		}
		c.mu.Unlock()
		if b != nil {
			data := b.encode()
			for _, root := range c.bus.roots {
				_ = c.bus.send(allOf(root), data) // the next one comes soon
			}
		}
		select {
		case <-tick.C:
		case <-c.ctx.Done():
			return
		}
	}
}

// takeBeat takes a beat of another node.
func (c *Cluster) takeBeat(m *nats.Msg) {
	b, err := parseBeat(m.Data)
	if err != nil {
		c.metrics.dropped.WithLabelValues("malformed").Inc()
		return
	}
	if c.o.drop != nil && c.o.drop(b.tag) {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	now := c.o.clock()
	if err := c.roster.hear(b, now); err != nil {
		c.warn(b.Name, "cluster: a node is refused", "peer", b.Name, "reason", err)
	}
	c.after(now)
}

// warn logs once in a minute for each node that it is about, or none; mu is held.
func (c *Cluster) warn(about, message string, attrs ...any) {
	if at, ok := c.warned[about]; ok && time.Since(at) < tellAgain {
		return
	}
	if len(c.warned) >= maxTold {
		clear(c.warned)
	}
	c.warned[about] = time.Now()
	c.log.Warn(message, attrs...)
}

// after does what follows from a change of the roster; mu is held.
func (c *Cluster) after(now moment) {
	r := c.roster
	if c.fence.set(r.allowed(now)) && r.count() > leaseless && r.state != leaving {
		if c.fence.Valid() {
			c.log.Info("cluster: this node is in contact with the majority", "nodes", r.count())
		} else {
			c.log.Warn("cluster: this node is cut off from the majority, and starts nothing outside", "nodes", r.count())
		}
	}
	if r.fatal != nil {
		select {
		case c.fatal <- r.fatal:
		default:
		}
	}
	for _, e := range r.events[min(c.failed, len(r.events)):] {
		if e.what == nowHeard {
			c.directory.onHeard(e.node) // before anybody can ask whether all who are heard know
		} else {
			c.calls.fail(e.node.Tag)
		}
	}
	c.failed = len(r.events)
	if r.kept < r.changes {
		notify(c.dirty)
	}
	if len(r.events) > 0 {
		notify(c.told)
	}
	if r.state == evicted && !c.rejoining {
		c.rejoining = true
		was := append(append([]string(nil), r.prev...), r.inc)
		running := r.evictedInc == r.inc
		c.workers.Go(func() { c.rejoin(was, running) })
	}
}
