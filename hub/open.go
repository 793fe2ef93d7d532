package hub

import "net"

// Open gives an admitted client its connection: answer, the bytes that end the
// handshake (nil: they are written), and welcome (nil: none) leave first, in one
// write, then what was queued meanwhile. From now on the client is counted and
// pinged. conn must be the bare connection; the hub alone writes to it.
//
// It returns false where the client was closed meanwhile: what was queued, its last
// words and its close frame are still written. Either way conn is the hub's to
// close, and the caller reads it to its end and calls Hangup.
func (c *Client) Open(conn net.Conn, answer []byte, welcome *Frame) bool {
	opened := c.enter()
	if !opened {
		c.hub.opts.Metrics.countClose(c.Cause())
	}
	q := &c.out
	q.mu.Lock()
	if q.dead {
		q.conn = conn
		forced := q.reason == droppedForced
		q.mu.Unlock()
		closeConn(conn, forced)
		return false
	}
	backlog := q.waiting[q.head:]
	if len(backlog) > 0 && len(answer) > 0 {
		// By itself, so that the kernel hears that the client has left meanwhile, if it
		// has: what is pushed behind it then counts as dropped. A socket that nothing
		// was written to has room for it, and another failure shows in what follows.
		_, _ = conn.Write(answer)
		answer = nil
	}
	q.waiting, q.head, q.pongAt = nil, 0, 0
	q.attach(conn)
	var start *writer
	if first := welcome.behind(answer); first != nil {
		start = q.push(c, first)
	}
	for _, f := range backlog {
		q.add(c, -f.cost())
		if w := q.push(c, f); w != nil {
			start = w
		}
	}
	if q.ended {
		q.expectEnd(c)
	}
	q.mu.Unlock()
	if start != nil {
		start.begin()
	}
	return opened
}

// enter makes a connecting client an open one.
func (c *Client) enter() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.is(connecting) {
		return false
	}
	c.state.Store(int32(open))
	if c.uid != nil {
		c.hub.uids.count(c.uid, "", 1)
	}
	for _, g := range c.groups {
		c.hub.groups.count(g, c.uidName(), 1)
	}
	c.hub.open.Add(1)
	c.hub.opts.Metrics.connecting.Dec()
	c.hub.opts.Metrics.open.Inc()
	c.hub.wheel.add(c)
	return true
}
