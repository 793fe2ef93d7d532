package cluster

import (
	"cmp"
	"slices"
)

// departure is how a member ceased to be one.
type departure int

const (
	left     departure = iota + 1 // in order, all handed over
	lost                          // declared lost, or forgotten: its clients are the survivors' to close
	replaced                      // by a new incarnation of the same node, or of this one, which is heard next
)

// observer is told what happens to members, one event after another from one
// goroutine, without a lock held; it must not block.
type observer struct {
	// onHeard: a member can be heard, for the first time or again after silence,
	// and takes this node for a member too.
	onHeard  func(Node)
	onSilent func(Node)
	// onGone: that incarnation is no member any more, and this is kept.
	onGone func(Node, departure)
}

// observe adds an observer, before Join.
func (c *Cluster) observe(o observer) { c.observers = append(c.observers, o) }

// hearing lists the members that can be heard, without this node, in the order
// of their tags beginning behind this node's: the ring.
func (c *Cluster) hearing() []Node {
	ring := c.ring(c.tag)
	return slices.DeleteFunc(ring, func(n Node) bool { return n.Tag == c.tag })
}

// ring is the same for any tag: all hearing members, and this node too, behind it.
func (c *Cluster) ring(tag string) []Node {
	c.mu.Lock()
	list := make([]Node, 0, c.roster.count())
	for _, m := range c.roster.members {
		if m.hearing {
			list = append(list, m.node())
		}
	}
	list = append(list, c.self())
	c.mu.Unlock()
	slices.SortFunc(list, func(a, b Node) int {
		if aBehind, bBehind := a.Tag > tag, b.Tag > tag; aBehind != bBehind {
			if aBehind {
				return -1
			}
			return 1
		}
		return cmp.Compare(a.Tag, b.Tag)
	})
	return list
}

// announce tells observers, and the log, what happened, in order. Each event is
// told once what it rests on is kept.
func (c *Cluster) announce() {
	for {
		c.mu.Lock()
		var e event
		ready := len(c.roster.events) > 0 && c.roster.events[0].version <= c.roster.kept
		if ready {
			e = c.roster.events[0]
			c.roster.events = c.roster.events[1:]
			c.failed--
		}
		c.mu.Unlock()
		if !ready {
			return
		}
		c.logEvent(e)
		if e.what == nowGone {
			c.drain(e.node)
		}
		for _, o := range c.observers {
			switch {
			case e.what == nowHeard && o.onHeard != nil:
				o.onHeard(e.node)
			case e.what == nowSilent && o.onSilent != nil:
				o.onSilent(e.node)
			case e.what == nowGone && o.onGone != nil:
				o.onGone(e.node, e.how)
			}
		}
	}
}

func (c *Cluster) logEvent(e event) {
	attrs := []any{"peer", e.node.Name}
	switch {
	case e.what == nowHeard:
		c.log.Info("cluster: a node is here", append(attrs, "version", e.node.Version)...)
	case e.what == nowSilent && e.how == left: // that comes next
	case e.what == nowSilent:
		c.log.Warn("cluster: a node can't be heard", attrs...)
	case e.how == left:
		c.log.Info("cluster: a node has left", attrs...)
	case e.how == lost:
		c.log.Warn("cluster: a node is lost", attrs...)
		c.metrics.lost.Inc()
	}
}

// observeAll tells observers what happens until the end.
func (c *Cluster) observeAll() {
	for {
		select {
		case <-c.told:
			c.announce()
		case <-c.ctx.Done():
			return
		}
	}
}
