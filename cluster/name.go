package cluster

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
)

// checkName makes sure that no other node has this one's name, and listens for
// messages to it from then on. Until then this node says nothing: it asks whoever
// has the name, and listens to what the others say of him. For there may be no
// route to him yet, and messages go over one route only.
func (c *Cluster) checkName(ctx context.Context) error {
	for _, root := range c.bus.roots {
		if _, err := c.bus.subscribe(answersOf(root, c.tag, c.box)+".*", c.takeAnswer); err != nil {
			return err
		}
	}
	quiet := &listener{c: c, told: namesakes{silence: c.o.timing.silence}, heard: make(map[string]bool)}
	for _, root := range c.bus.roots {
		sub, err := c.bus.subscribe(allOf(root), quiet.take)
		if err != nil {
			return err
		}
		defer func() { _ = sub.Unsubscribe() }()
	}
	c.awaitRoutes(ctx)
	for began := c.o.clock(); ; pause(ctx, c.o.timing.beat/5) {
		if c.nameAnswers(ctx) || quiet.taken() {
			return errNamesake(c.o.Node)
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		if quiet.enough(c.o.clock(), began) {
			break
		}
	}
	for _, root := range c.bus.roots {
		if _, err := c.bus.subscribe(nodeOf(root, c.tag), c.receive); err != nil {
			return err
		}
	}
	return c.bus.nc.FlushTimeout(2 * time.Second)
}

// errNamesake ends a process whose node's name is another's.
func errNamesake(name string) error {
	return fmt.Errorf("cluster: another node is called %q: each needs a GATEPOST_NODE of its own", name)
}

// nameAnswers says whether somebody who has this node's name answers to it.
func (c *Cluster) nameAnswers(ctx context.Context) bool {
	for _, root := range c.bus.roots {
		ctx, cancel := context.WithTimeout(ctx, 2*c.o.timing.beat)
		parts, err := c.await(ctx, c.beginTo(target{c.tag, anyInc, root}, kindWho, nil))
		cancel()
		if err == nil && len(parts) > 0 {
			return true
		}
	}
	return false
}

// listener takes beats for a node of which nobody knows yet.
type listener struct {
	c *Cluster

	mu    sync.Mutex
	told  namesakes
	heard map[string]bool // whose beats came
	met   bool            // one of a node that has this one's name
}

func (l *listener) take(m *nats.Msg) {
	b, err := parseBeat(m.Data)
	if err != nil || l.c.o.drop != nil && l.c.o.drop(b.tag) {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if b.tag == l.c.tag {
		l.met = true
		return
	}
	if len(l.heard) < maxNodes {
		l.heard[b.tag] = true
	}
	if n, ok := b.member(l.c.tag); ok {
		l.told.note(n, l.c.o.clock())
	}
}

// taken says whether a node runs that has this one's name.
func (l *listener) taken() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.met || l.told.alive(l.c.o.clock())
}

// enough says whether there is nothing more to wait for: each who is there has been
// heard, or has had the time for a beat, and what they say of this name is about one
// that has ended. Its own predecessor, of which it has the disk, needs no such proof:
// a node is to be back soon after its death, and who has a copied disk is found out later.
func (l *listener) enough(now, began moment) bool {
	engine := l.c.bus.engine
	if engine == nil {
		return true // one server knows all who listen
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	all := len(l.heard) >= engine.NumRoutes() || now.waited(began) > l.c.o.timing.beat*3/2
	return all && !l.told.unclear(l.c.roster.prev, now)
}
