package gateway

import (
	"sync"

	"gatepost/hub"
)

// unfinished is the clients whose events aren't finished: those that connect, are
// connected or gone, which the hub doesn't know any more, and those that an earlier
// process or another node left, which it never did.
type unfinished struct {
	mu sync.Mutex
	// left is what was left of clients that aren't begun with yet. guarded by mu
	left leftovers
	// begun are the others, each with a lane; nil where nobody will ask for them. guarded by mu
	begun map[string]*hub.Client
	// more is what came of clients of which only a part had come, without the end,
	// and was begun with. guarded by mu
	more leftovers
}

// leave adds what was left of a client; false: the client is known already, and goes
// on with what is new of it.
func (u *unfinished) leave(id string, left *remains) bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	c := u.begun[id]
	if c == nil || u.left[id] != nil {
		return u.left.add(id, left)
	}
	if !laneOf(c).ends {
		u.more.add(id, left)
	}
	return false
}

// remaining counts those of these clients that nobody has begun with or done away with, and
// the events that are left of them, beside the closes that are owed.
func (u *unfinished) remaining(ids []string) (clients, events int) {
	u.mu.Lock()
	defer u.mu.Unlock()
	for _, id := range ids {
		if left := u.left[id]; left != nil {
			clients++
			events += len(left.events)
		}
	}
	return clients, events
}

// knows says whether the client is one of them.
func (u *unfinished) knows(id string) bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.left[id] != nil || u.begun[id] != nil
}

// begin has what was left of a client made a client again, unless somebody else has
// done away with it; nil then.
func (u *unfinished) begin(id string, restore func(*remains) *hub.Client) *hub.Client {
	u.mu.Lock()
	defer u.mu.Unlock()
	left := u.left[id]
	if left == nil {
		return nil
	}
	delete(u.left, id)
	c := restore(left)
	if u.begun != nil {
		u.begun[id] = c
	}
	return c
}

// enter adds a client that connects.
func (u *unfinished) enter(c *hub.Client) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.begun != nil {
		u.begun[c.ID()] = c
	}
}

// exit says that all of a client's events are finished, or not this process's any
// more, and gives what has come of it since. false: it was said before.
func (u *unfinished) exit(c *hub.Client, l *lane) (more *remains, first bool) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if l.over {
		return nil, false
	}
	l.over = true
	delete(u.begun, c.ID())
	more = u.more[c.ID()]
	delete(u.more, c.ID())
	return more, true
}

// take gives what is there of a client: what was left of it, which is the caller's
// then, or itself if it was begun with.
func (u *unfinished) take(id string) (left *remains, c *hub.Client) {
	u.mu.Lock()
	defer u.mu.Unlock()
	left = u.left[id]
	delete(u.left, id)
	delete(u.more, id)
	return left, u.begun[id]
}

// over counts a client out whose events are finished, or not this process's any more.
func (g *Gateway) over(c *hub.Client, l *lane) {
	more, first := g.unfinished.exit(c, l)
	if more != nil {
		g.inherit(leftovers{c.ID(): more})()
	}
	if first {
		g.clients.done()
	}
}
