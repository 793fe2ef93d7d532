package hub

import (
	"io"
	"net"
	"syscall"
	"time"

	"gatepost/protocol"
	"gatepost/socket"
)

// Hangup ends the connection in good order. The reading side calls it once, when
// nothing more will be read: after the peer's close frame, an error, or after a
// Close of its own for a message that it didn't read to its end. By then the cause
// should have been told, with Close or Leave; else it is 1006.
//
// It waits until what is queued has been written, tells the peer that nothing more
// comes, and reads and forgets what the peer still sends until it hangs up too: to
// close a socket with unread bytes would reset the connection, and destroy a close
// frame that is under way. All this lasts until CloseTimeout after the end began, at
// most. When it returns the connection is closed.
func (c *Client) Hangup() {
	c.Leave(causeBroken)
	q := &c.out
	q.mu.Lock()
	conn, raw, dead := q.conn, q.raw, q.dead
	if q.writer != nil && !dead && q.idle == nil {
		q.idle = make(chan struct{})
	}
	idle := q.idle
	q.mu.Unlock()
	if idle != nil {
		<-idle
	}
	if conn != nil && !dead && !(c.Cause().Initiator == protocol.ByClient && nothingUnread(raw)) {
		drain(conn)
	}
	c.drop(droppedLost)
}

// drain shuts the writing side and reads until the peer has shut its own, or the
// connection is closed under it.
func drain(conn net.Conn) {
	halves, ok := conn.(interface{ CloseWrite() error })
	if !ok || halves.CloseWrite() != nil {
		return
	}
	if conn.SetReadDeadline(time.Time{}) == nil {
		_, _ = io.Copy(io.Discard, conn)
	}
}

// nothingUnread says whether closing the connection now would be in good order: all
// that came has been read.
func nothingUnread(raw syscall.RawConn) bool {
	if raw == nil || !socket.Here {
		return false
	}
	unread := 0
	err := raw.Read(func(fd uintptr) bool {
		var one [1]byte
		unread, _ = socket.Read(fd, one[:]) // an error means that there is nothing
		return true
	})
	return err == nil && unread == 0
}

// expectEnd gives the connection CloseTimeout to end. It needs the queue's lock.
func (q *queue) expectEnd(c *Client) {
	if q.timeout == nil && q.conn != nil && !q.hungUp {
		q.timeout = time.AfterFunc(c.hub.opts.CloseTimeout, c.timedOut)
	}
}

func (c *Client) timedOut() {
	c.Leave(causeBroken)
	c.drop(droppedLost)
}

// drop closes the connection of a closing client, once; what still waits is lost.
func (c *Client) drop(reason dropReason) {
	q := &c.out
	q.mu.Lock()
	if q.hungUp {
		q.mu.Unlock()
		return
	}
	q.hungUp, q.ended = true, true
	if !q.dead {
		q.dead, q.reason = true, reason
	}
	lost := q.discard(c)
	if q.writer == nil {
		q.waiting = nil
	}
	if q.timeout != nil {
		q.timeout.Stop()
	}
	q.wake()
	conn := q.conn
	q.mu.Unlock()
	c.hub.opts.Metrics.drop(reason, lost)
	c.hub.opts.Metrics.closing.Dec()
	if conn != nil {
		closeConn(conn, reason == droppedForced)
	}
}

// closeConn closes conn; at once means that the kernel forgets what it hasn't sent.
func closeConn(conn net.Conn, atOnce bool) {
	if tcp, ok := conn.(*net.TCPConn); ok && atOnce {
		_ = tcp.SetLinger(0) // fails only where the connection has gone already
	}
	_ = conn.Close() // its end is what was wanted, whatever it says
}
