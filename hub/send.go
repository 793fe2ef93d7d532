package hub

import "net"

// Verdict is what became of one frame for one client.
type Verdict int

// The verdicts of Send.
const (
	Queued  Verdict = iota // it will be written, unless the connection ends first
	Dropped                // the queue was full: the client is being closed with 4008
	Gone                   // the client is closing already
)

// Send queues f and answers at once. Where the client has too much waiting, all of
// that is dropped with f, and the client is closed with 4008. If nothing waits, f
// leaves before Send returns, as far as the kernel takes it.
func (c *Client) Send(f *Frame) Verdict {
	verdict, start := c.enqueue(f)
	if start != nil {
		start.begin()
	}
	return verdict
}

// enqueue queues f, and gives the writer that is to be started.
func (c *Client) enqueue(f *Frame) (Verdict, *writer) {
	q := &c.out
	q.mu.Lock()
	if q.ended {
		q.mu.Unlock()
		return Gone, nil
	}
	if !q.fits(f, c.hub.opts.SendQueue) {
		c.overflow(f)
		return Dropped, nil
	}
	start := q.push(c, f)
	q.mu.Unlock()
	return Queued, start
}

// overflow begins the end of a client that is too slow for f. It is called with
// the queue's lock held and releases it.
func (c *Client) overflow(f *Frame) {
	q := &c.out
	q.ended = true
	dropped := q.discard(c) + f.messages()
	q.mu.Unlock()
	c.hub.opts.Metrics.drop(droppedSlow, dropped)
	c.hub.opts.Logger.Info("client is too slow; closing it", "client_id", c.id, "dropped", dropped)
	c.Close(causeSlow, nil, false)
}

// WriteRaw queues one whole frame that somebody else encoded, for the reading
// side's answers: pongs and the echo of a close frame. p is copied. A pong takes
// the place of one that still waits (RFC 6455, section 5.5.3). Nothing follows a
// close frame, whoever queued it; what comes too late is passed over in silence.
func (c *Client) WriteRaw(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	q := &c.out
	q.mu.Lock()
	if q.dead {
		q.mu.Unlock()
		return 0, net.ErrClosed
	}
	opcode := p[0] & opcodeBits
	if q.closed || q.ended && opcode != opClose {
		q.mu.Unlock()
		return len(p), nil
	}
	f := rawFrame(p)
	if opcode == opPong && q.pongAt > 0 {
		old := q.waiting[q.pongAt-1]
		q.waiting[q.pongAt-1] = f
		q.add(c, f.cost()-old.cost())
		q.mu.Unlock()
		return len(p), nil
	}
	if opcode != opClose && !q.fits(f, c.hub.opts.SendQueue) {
		c.overflow(f)
		return len(p), nil
	}
	start := q.push(c, f)
	switch opcode {
	case opPong:
		q.pongAt = len(q.waiting)
	case opClose:
		q.ended, q.closed = true, true
		q.expectEnd(c)
	}
	q.mu.Unlock()
	if start != nil {
		start.begin()
	}
	return len(p), nil
}
