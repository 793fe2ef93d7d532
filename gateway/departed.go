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
	left map[string]*remains
	// begun are the others; nil where nobody will ask for them. guarded by mu
	begun map[string]*hub.Client
}

// leave adds what was left of a client; false: the client is known already.
func (d *departed) leave(id string, left *remains) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.left[id] != nil || d.begun[id] != nil {
		return false
	}
	if d.left == nil {
		d.left = map[string]*remains{}
	}
	d.left[id] = left
	return true
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
// more; false: it was said before.
func (d *departed) exit(c *hub.Client, l *lane) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if l.over {
		return false
	}
	l.over = true
	delete(d.begun, c.ID())
	return true
}

// take gives what is there of a client: what was left of it, which is the caller's
// then, or itself if it was begun with.
func (d *departed) take(id string) (left *remains, c *hub.Client) {
	d.mu.Lock()
	defer d.mu.Unlock()
	left = d.left[id]
	delete(d.left, id)
	return left, d.begun[id]
}

// over counts a client out whose events are finished, or not this process's any more.
func (g *Gateway) over(c *hub.Client, l *lane) {
	if g.departed.exit(c, l) {
		g.clients.done()
	}
}
