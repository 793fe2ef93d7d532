package hub

import (
	"sync"
	"sync/atomic"
	"time"

	"gatepost/protocol"
)

// wheelSlots is how many parts a PingInterval has; each client is pinged in one.
const wheelSlots = 64

// beat is what the heartbeat knows of one client.
type beat struct {
	heard  atomic.Bool  // since the last ping
	paused atomic.Bool  // nobody reads, so silence says nothing
	owed   atomic.Int32 // pings that no pong was taken for

	slot, place int // guarded by the lock of that slot

	// The wheel's goroutine alone uses these.
	since   int64  // the tick of the oldest ping without an answer
	pinged  bool   // once at least
	written uint64 // the queue's, after the last ping
}

// wheel is the heartbeats of all open clients, in one goroutine. It counts ticks,
// not time: a process that was stopped for a while finds no client silent.
type wheel struct {
	tick      time.Duration
	pongTicks int64 // how long a client may be silent
	ping      *Frame
	data      *Frame // nil: none
	limit     int    // the send queue's
	slots     [wheelSlots]wheelSlot
	nextSlot  atomic.Uint32
	stopOnce  sync.Once
	quit      chan struct{}
	done      chan struct{}
}

type wheelSlot struct {
	mu      sync.Mutex
	clients []*Client // mu guards it; each client knows its place
}

func startWheel(opts Options) *wheel {
	w := &wheel{
		tick:  max(opts.PingInterval/wheelSlots, time.Millisecond),
		ping:  &Frame{wire: encode(opPing, nil)},
		limit: opts.SendQueue,
		quit:  make(chan struct{}),
		done:  make(chan struct{}),
	}
	w.pongTicks = int64((opts.PongTimeout + w.tick - 1) / w.tick)
	if opts.PingData != nil {
		w.data = NewFrame(&protocol.Message{Payload: opts.PingData})
		w.data.message = false
	}
	go w.run()
	return w
}

func (w *wheel) stop() {
	w.stopOnce.Do(func() { close(w.quit) })
	<-w.done
}

func (w *wheel) run() {
	defer close(w.done)
	ticker := time.NewTicker(w.tick)
	defer ticker.Stop()
	var visited []*Client
	for now := int64(0); ; now++ {
		select {
		case <-w.quit:
			return
		case <-ticker.C:
		}
		if now >= w.pongTicks {
			visited = w.visit(now-w.pongTicks, visited, func(c *Client) { w.check(c, now) })
		}
		visited = w.visit(now, visited, func(c *Client) { w.pingClient(c, now) })
	}
}

// visit calls fn for each client of the tick's slot. scratch is for reuse.
func (w *wheel) visit(tick int64, scratch []*Client, fn func(*Client)) []*Client {
	s := &w.slots[tick%wheelSlots]
	s.mu.Lock()
	scratch = append(scratch[:0], s.clients...)
	s.mu.Unlock()
	for _, c := range scratch {
		fn(c)
	}
	clear(scratch) // a client that has gone isn't kept
	return scratch
}

// pingClient queues the ping, and ends a connection that has taken nothing since
// the last one: its reader may be paused and never know.
func (w *wheel) pingClient(c *Client, now int64) {
	b := &c.beat
	if b.heard.Swap(false) || !b.pinged {
		b.since = now
	}
	start, stalled := w.queuePing(c)
	b.pinged = true
	if start != nil {
		go start.run()
	}
	if stalled {
		c.Close(causeStalled, nil, false)
	}
}

func (w *wheel) queuePing(c *Client) (start *writer, stalled bool) {
	q := &c.out
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.ended {
		return nil, false
	}
	before := c.beat.written
	c.beat.written = q.written
	if q.pinging {
		return nil, q.written == before
	}
	start = q.push(c, w.ping) // over the limit even: only one ever waits
	c.beat.owed.Add(1)
	q.pinging = true
	if w.data != nil && q.fits(w.data, w.limit) {
		q.push(c, w.data)
	}
	return start, false
}

// check ends the connection of a client that has been silent since its ping. One
// that is slow, so that its ping still waits, is given time as long as it takes
// something.
func (w *wheel) check(c *Client, now int64) {
	b := &c.beat
	if !b.pinged || b.heard.Load() || b.paused.Load() || now-b.since < w.pongTicks {
		return
	}
	q := &c.out
	q.mu.Lock()
	slow := q.pinging && q.written != b.written
	q.mu.Unlock()
	if !slow {
		c.Close(causeNoPong, nil, false)
	}
}

func (w *wheel) add(c *Client) {
	i := int(w.nextSlot.Add(1) % wheelSlots)
	s := &w.slots[i]
	s.mu.Lock()
	defer s.mu.Unlock()
	c.beat.slot, c.beat.place = i, len(s.clients)
	s.clients = append(s.clients, c)
}

func (w *wheel) remove(c *Client) {
	s := &w.slots[c.beat.slot]
	s.mu.Lock()
	defer s.mu.Unlock()
	last := len(s.clients) - 1
	moved := s.clients[last]
	s.clients[c.beat.place] = moved
	moved.beat.place = c.beat.place
	s.clients[last] = nil
	s.clients = s.clients[:last]
}

// Heard says that bytes came from the client: any, not only pongs. It is cheap.
func (c *Client) Heard() {
	if !c.beat.heard.Load() {
		c.beat.heard.Store(true)
	}
}

// TakePong says whether a pong answers a ping that was sent, and counts it as that. It is
// for the reader alone.
func (c *Client) TakePong() bool {
	owed := c.beat.owed.Load() > 0
	if owed {
		c.beat.owed.Add(-1)
	}
	return owed
}

// PauseReading says that nobody reads from the client for now: until ResumeReading
// its silence isn't held against it.
func (c *Client) PauseReading() { c.beat.paused.Store(true) }

// ResumeReading ends a pause. The client has a whole PongTimeout, from its next
// ping on, to be heard.
func (c *Client) ResumeReading() {
	c.beat.heard.Store(true) // before the pause ends: its silence is forgiven
	c.beat.paused.Store(false)
}
