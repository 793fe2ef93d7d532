package hub

import (
	"net"
	"sync"
	"syscall"
	"time"
)

// queue is what waits to be written to one client. While it isn't empty and there
// is a connection, exactly one writer is at work on it. mu guards all fields.
type queue struct {
	mu      sync.Mutex
	conn    net.Conn        // nil: not yet
	raw     syscall.RawConn // conn's, to write without waiting; nil: it has none
	waiting []*Frame        // waiting[head:] are to be written; nil while all is written
	head    int
	bytes   int     // cost of the frames that wait or are being written
	writer  *writer // nil: none at work
	pongAt  int     // 1 + the place in waiting of a pong, or 0

	ended   bool       // nothing more is taken but the close frame
	closed  bool       // the close frame has been queued
	dead    bool       // nothing more is written
	reason  dropReason // of what is left, once dead
	hungUp  bool       // the connection has been closed, or will be as soon as it comes
	timeout *time.Timer
	idle    chan struct{} // closed when the writer has ended; nil: nobody waits for it

	// For the heartbeat.
	written uint64 // bytes that the kernel took
	pinging bool   // a ping is among the frames that wait or are being written
}

// attach gives the queue its connection.
func (q *queue) attach(conn net.Conn) {
	q.conn = conn
	if tcp, ok := conn.(*net.TCPConn); ok {
		q.raw, _ = tcp.SyscallConn() // fails only on a connection that is none
	}
}

// fits says whether f may wait too.
func (q *queue) fits(f *Frame, limit int) bool { return q.bytes+f.cost() <= limit }

// push appends f. It returns the writer to start, if there is none at work.
func (q *queue) push(c *Client, f *Frame) *writer {
	var start *writer
	if q.writer == nil && q.conn != nil {
		start = startable(c)
		q.writer = start
		if q.waiting == nil {
			q.waiting = start.spare
		}
	}
	if len(q.waiting) == cap(q.waiting) && q.head > len(q.waiting)/2 {
		q.compact()
	}
	q.waiting = append(q.waiting, f)
	q.add(c, f.cost())
	return start
}

// compact moves what waits to the front of its slice.
func (q *queue) compact() {
	n := copy(q.waiting, q.waiting[q.head:])
	clear(q.waiting[n:])
	q.waiting = q.waiting[:n]
	q.pongAt = max(0, q.pongAt-q.head)
	q.head = 0
}

// add changes the bytes that wait.
func (q *queue) add(c *Client, delta int) {
	q.bytes += delta
	c.hub.opts.Metrics.waiting.Add(int64(delta))
}

// discard forgets what waits, and returns how many messages that was. What is
// being written goes on.
func (q *queue) discard(c *Client) (messages int) {
	for _, f := range q.waiting[q.head:] {
		q.add(c, -f.cost())
		messages += f.messages()
		q.pinging = q.pinging && f != c.hub.wheel.ping
	}
	clear(q.waiting)
	q.waiting = q.waiting[:0]
	q.head, q.pongAt = 0, 0
	return messages
}

// wake tells who waits for the writer's end.
func (q *queue) wake() {
	if q.idle != nil {
		close(q.idle)
		q.idle = nil
	}
}
