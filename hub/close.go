package hub

// Close begins the client's end. It leaves all indexes at once. What is queued,
// then lastWords (nil: none), then a close frame are written; then the client has
// the rest of Options.CloseTimeout to answer, until its connection is closed. With
// force, and for the codes that no frame may carry (1005, 1006), the connection is
// dropped at once and what waits is lost.
//
// The first caller wins: false if the client was closing already.
func (c *Client) Close(cause Cause, lastWords *Frame, force bool) bool {
	if !c.depart(cause) {
		return false
	}
	farewell := closeFrame(cause)
	switch {
	case force:
		c.drop(droppedForced)
	case farewell == nil:
		c.drop(droppedLost)
	default:
		c.sayGoodbye(lastWords, farewell)
	}
	return true
}

// sayGoodbye queues the last frames. They may go over the queue's limit: they are
// the last.
func (c *Client) sayGoodbye(lastWords, farewell *Frame) {
	q := &c.out
	q.mu.Lock()
	q.ended = true
	var start *writer
	if !q.closed && !q.dead {
		q.closed = true
		if lastWords != nil {
			start = q.push(c, lastWords)
		}
		if w := q.push(c, farewell); w != nil {
			start = w
		}
	}
	q.expectEnd(c)
	q.mu.Unlock()
	if start != nil {
		go start.run()
	}
}

// Leave ends a client whose connection has ended by itself, or which never got one:
// it leaves all indexes, and no frame is queued any more. What already waits (the
// echo of a close frame) is written as far as the connection takes it; without a
// connection it is dropped. The first cause stays: false if the client was closing
// already. The caller, when it is the reading side, goes on to Hangup.
func (c *Client) Leave(cause Cause) bool {
	first := c.depart(cause)
	q := &c.out
	q.mu.Lock()
	q.ended = true
	never := q.conn == nil
	if !never {
		q.expectEnd(c)
	}
	q.mu.Unlock()
	if never {
		c.drop(droppedRefused)
	}
	return first
}

// Cause is why the client ended; the zero Cause while it hasn't.
func (c *Client) Cause() Cause {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.cause
}

// depart takes the client out of all indexes, unless it is closing already.
func (c *Client) depart(cause Cause) bool {
	m := c.hub.opts.Metrics
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.is(closing):
		return false
	case c.is(open):
		c.hub.wheel.remove(c)
		c.hub.open.Add(-1)
		m.open.Dec()
		m.countClose(cause)
	default:
		m.connecting.Dec()
	}
	c.hub.clients.remove(c)
	c.removeNames()
	c.stopUntil()
	c.cause = cause
	c.state.Store(int32(closing))
	m.closing.Inc()
	return true
}

// removeNames takes the client out of its uid and groups, which it goes on to show.
// It needs mu.
func (c *Client) removeNames() {
	for _, g := range c.groups {
		c.dropGroup(g)
	}
	if c.uid == nil {
		return
	}
	if c.is(open) {
		c.hub.uids.count(c.uid, "", -1)
	}
	c.hub.uids.remove(c.uid, c)
}
