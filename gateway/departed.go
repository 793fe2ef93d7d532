package gateway

import (
	"sync"

	"gatepost/hub"
)

// departed is the clients that the hub doesn't know any more, or never did, and
// whose events aren't finished: those that are gone, and those that an earlier process
// or another node left.
type departed struct {
	mu sync.Mutex
	// left is what was left of clients that aren't begun with yet. guarded by mu
	left leftovers
	// begun are the others; nil where nobody will ask for them. guarded by mu
	begun map[string]*hub.Client
	// more is what came of clients of which only a part had come, without the end,
	// and was begun with. guarded by mu
	more leftovers
}

// leave adds what was left of a client; false: the client is known already, and goes
// on with what is new of it.
func (d *departed) leave(id string, left *remains) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	c := d.begun[id]
	if c == nil || d.left[id] != nil {
		return d.left.add(id, left)
	}
	if !laneOf(c).ends {
		d.more.add(id, left)
	}
	return false
}

// knows says whether the client is one of them.
func (d *departed) knows(id string) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.left[id] != nil || d.begun[id] != nil
}

// begin has what was left of a client made a client again, unless somebody else has
// done away with it; nil then.
func (d *departed) begin(id string, restore func(*remains) *hub.Client) *hub.Client {
	d.mu.Lock()
	defer d.mu.Unlock()
	left := d.left[id]
	if left == nil {
		return nil
	}
	delete(d.left, id)
	c := restore(left)
	if d.begun != nil {
		d.begun[id] = c
	}
	return c
}

// enter adds a client that is gone.
func (d *departed) enter(c *hub.Client, l *lane) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.begun != nil && !l.over {
		d.begun[c.ID()] = c
	}
}

// exit says that all of a client's events are finished, or not this process's any
// more, and gives what has come of it since. false: it was said before.
func (d *departed) exit(c *hub.Client, l *lane) (more *remains, first bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if l.over {
		return nil, false
	}
	l.over = true
	delete(d.begun, c.ID())
	more = d.more[c.ID()]
	delete(d.more, c.ID())
	return more, true
}

// take gives what is there of a client: what was left of it, which is the caller's
// then, or itself if it was begun with.
func (d *departed) take(id string) (left *remains, c *hub.Client) {
	d.mu.Lock()
	defer d.mu.Unlock()
	left = d.left[id]
	delete(d.left, id)
	delete(d.more, id)
	return left, d.begun[id]
}

// over counts a client out whose events are finished, or not this process's any more.
func (g *Gateway) over(c *hub.Client, l *lane) {
	more, first := g.departed.exit(c, l)
	if more != nil {
		g.inherit(leftovers{c.ID(): more})()
	}
	if first {
		g.clients.done()
	}
}
