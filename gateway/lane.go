package gateway

import (
	"sync"
	"time"

	"gatepost/protocol"
)

// lane is the queue of one client's events that aren't delivered yet. An event is
// made only when its turn comes, after all that the earlier one's reply asked for
// has been done, so what waits here is what happened, not yet the event.
//
// A goroutine works on a lane only while something waits in it.
type lane struct {
	mu      sync.Mutex
	room    sync.Cond    // signalled when something has left, or the lane is sealed
	waiting []occurrence // guarded by mu; the first is being delivered while running
	bytes   int          // guarded by mu; payloads in waiting
	seq     uint64       // guarded by mu; the next event's number
	running bool         // guarded by mu; a goroutine works on the lane
	sealed  bool         // guarded by mu; the close is in: nothing comes behind it
}

// occurrence is something that happened to a client and becomes an event: a
// message, or the close.
type occurrence struct {
	message protocol.Message
	closed  *protocol.CloseInfo // nil: a message
	at      time.Time
}

func newLane() *lane {
	l := &lane{}
	l.room.L = &l.mu
	return l
}

// laneBounds is what may wait in one lane.
type laneBounds struct {
	messages, bytes int
	crowded         func() bool // too much waits in all lanes together
}

// put adds a message, waiting until there is room for it. An empty lane always
// has room, so a waiter is woken by its own lane's progress. It answers whether
// the caller has to start a worker, and false for put where the lane was sealed.
func (l *lane) put(o occurrence, b laneBounds) (put, start bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for !l.sealed && !l.hasRoom(len(o.message.Payload), b) {
		l.room.Wait()
	}
	if l.sealed {
		return false, false
	}
	return true, l.append(o)
}

func (l *lane) hasRoom(size int, b laneBounds) bool {
	if len(l.waiting) == 0 {
		return true
	}
	return len(l.waiting) < b.messages && l.bytes+size <= b.bytes && !b.crowded()
}

// seal adds the close behind everything else. It answers false for put where it
// has been added before.
func (l *lane) seal(o occurrence) (put, start bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.sealed {
		return false, false
	}
	l.sealed = true
	l.room.Broadcast()
	return true, l.append(o)
}

// append is called with mu held.
func (l *lane) append(o occurrence) (start bool) {
	l.waiting = append(l.waiting, o)
	l.bytes += len(o.message.Payload)
	start = !l.running
	l.running = true
	return start
}

// skip numbers an event that goes nowhere.
func (l *lane) skip() {
	l.mu.Lock()
	l.seq++
	l.mu.Unlock()
}

// next is the occurrence whose turn it is and its event's number, or false when
// nothing waits and the worker ends. The occurrence stays in the lane, as what is
// being delivered takes room too, until finish.
func (l *lane) next() (o occurrence, seq uint64, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.waiting) == 0 {
		l.running = false
		l.waiting = nil
		return occurrence{}, 0, false
	}
	seq = l.seq
	l.seq++
	return l.waiting[0], seq, true
}

// finish takes the delivered occurrence out and makes room.
func (l *lane) finish() {
	l.mu.Lock()
	l.bytes -= len(l.waiting[0].message.Payload)
	l.waiting[0] = occurrence{}
	l.waiting = l.waiting[1:]
	l.mu.Unlock()
	l.room.Signal()
}
