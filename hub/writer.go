package hub

import (
	"net"
	"sync"

	"gatepost/socket"
)

// Most that one write hands to the kernel: a vector of so many frames, or as many
// as make so many bytes, but one at least.
const (
	batchFrames = 64
	batchBytes  = 64 << 10
)

// copied is up to how many bytes several frames are copied together, to be written
// without waiting.
const copied = 8 << 10

// keepRoom is up to how many references of a queue's slice are kept for the next.
const keepRoom = 256

// writer empties a queue, in a goroutine of its own, and then rests in a pool with
// the buffers that it needs for that: idle clients keep none.
type writer struct {
	client  *Client
	conn    net.Conn // what begin has left to loop, or nil
	begun   int      // how much of the batch begin has written
	batch   []*Frame
	vector  [][]byte
	rest    net.Buffers           // what of vector isn't written
	bytes   []byte                // what begin writes
	scratch []byte                // of several frames, for bytes
	spare   []*Frame              // empty, for the queue's waiting
	run     func()                // w.loop, bound once so that starting it allocates nothing
	poke    func(fd uintptr) bool // w.writeOnce, likewise
}

var writers sync.Pool // of *writer

// startable is a writer for c; whoever asks for it runs "go w.run()" or w.begin.
func startable(c *Client) *writer {
	w, ok := writers.Get().(*writer)
	if !ok {
		w = &writer{spare: make([]*Frame, 0, 4)}
		w.run, w.poke = w.loop, w.writeOnce
	}
	w.client = c
	return w
}

func (w *writer) loop() {
	c, conn, written := w.client, w.conn, w.begun
	w.conn, w.begun = nil, 0
	if conn == nil {
		conn = w.next(c, 0, nil)
	}
	for conn != nil {
		n, err := w.write(conn, written)
		conn, written = w.next(c, written+n, err), 0
	}
	w.retired()
}

// begin writes on the caller's goroutine what the kernel takes at once. What it
// doesn't take is a goroutine's.
func (w *writer) begin() {
	c := w.client
	conn := w.next(c, 0, nil)
	for conn != nil {
		w.begun = 0
		if c.out.raw == nil || !w.gather() {
			break
		}
		_ = c.out.raw.Write(w.poke) // its failure is met again by the goroutine's write
		if w.begun < len(w.bytes) {
			break
		}
		conn = w.next(c, w.begun, nil)
	}
	w.bytes = nil
	if conn == nil {
		w.begun = 0
		w.retired()
		return
	}
	w.conn = conn
	go w.run()
}

// gather makes one piece of the batch, if it is small enough to be copied.
func (w *writer) gather() bool {
	if len(w.batch) == 1 {
		w.bytes = w.batch[0].wire
		return true
	}
	w.scratch = w.scratch[:0]
	for _, f := range w.batch {
		if len(w.scratch)+len(f.wire) > copied {
			return false
		}
		w.scratch = append(w.scratch, f.wire...)
	}
	w.bytes = w.scratch
	return true
}

// writeOnce is begin's write: it never waits.
func (w *writer) writeOnce(fd uintptr) bool {
	w.begun, _ = socket.Write(fd, w.bytes) // of an error a later write finds out
	return true
}

// retired gives the writer back.
func (w *writer) retired() {
	w.client = nil
	writers.Put(w)
}

// write hands the batch, but for its first bytes that begin has written, to the
// kernel, and waits while it has no room for it.
func (w *writer) write(conn net.Conn, begun int) (int, error) {
	if len(w.batch) == 1 {
		return conn.Write(w.batch[0].wire[begun:])
	}
	for _, f := range w.batch {
		if begun >= len(f.wire) {
			begun -= len(f.wire)
			continue
		}
		w.vector = append(w.vector, f.wire[begun:])
		begun = 0
	}
	w.rest = w.vector
	n, err := w.rest.WriteTo(conn) // one writev on a *net.TCPConn
	clear(w.vector)
	w.vector = w.vector[:0]
	return int(n), err
}

// next settles the batch before, of which so many bytes were written, and takes
// another. It returns the connection to write to, or nil when the work is over.
func (w *writer) next(c *Client, written int, err error) net.Conn {
	q := &c.out
	q.mu.Lock()
	w.settle(c, written)
	if err != nil && !q.dead {
		q.dead, q.ended, q.reason = true, true, droppedLost
		q.expectEnd(c)
	}
	if q.dead {
		c.hub.opts.Metrics.drop(q.reason, q.discard(c))
	}
	if q.head == len(q.waiting) {
		w.retire(q)
		q.mu.Unlock()
		return nil
	}
	w.take(q)
	conn := q.conn
	q.mu.Unlock()
	return conn
}

// settle counts the batch that was written, as far as it was.
func (w *writer) settle(c *Client, written int) {
	q, m := &c.out, c.hub.opts.Metrics
	q.written += uint64(written)
	m.bytesOut.Add(float64(written))
	frames, lost := 0, 0
	for _, f := range w.batch {
		q.add(c, -f.cost())
		q.pinging = q.pinging && f != c.hub.wheel.ping
		if written -= len(f.wire); written < 0 {
			lost += f.messages()
			continue
		}
		frames++
	}
	m.framesOut.Add(float64(frames))
	if lost > 0 {
		reason := droppedLost
		if q.dead {
			reason = q.reason
		}
		m.drop(reason, lost)
		c.sent.Add(-uint64(lost))
	}
	clear(w.batch)
	w.batch = w.batch[:0]
}

// take moves a batch from the queue to the writer.
func (w *writer) take(q *queue) {
	size, sent := 0, 0
	for q.head < len(q.waiting) && len(w.batch) < batchFrames {
		f := q.waiting[q.head]
		if size += len(f.wire); size > batchBytes && len(w.batch) > 0 {
			break
		}
		w.batch = append(w.batch, f)
		sent += f.messages()
		q.waiting[q.head] = nil
		q.head++
	}
	// Counted before the write: a client that answers what it gets with a close must
	// find it counted. What is lost after all is taken back.
	w.client.sent.Add(uint64(sent))
	if q.pongAt <= q.head {
		q.pongAt = 0
	}
	if q.head == len(q.waiting) {
		q.waiting, q.head = q.waiting[:0], 0
	}
}

// retire ends the writer's work on the queue.
func (w *writer) retire(q *queue) {
	w.spare = nil
	if cap(q.waiting) <= keepRoom {
		w.spare = q.waiting[:0]
	}
	q.waiting, q.head, q.pongAt, q.writer = nil, 0, 0, nil
	q.wake()
}
