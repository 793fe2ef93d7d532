package gateway

import (
	"sync"
	"time"

	"gatepost/protocol"
	"gatepost/webhooks"
)

// lane is the queue of one client's events that aren't delivered yet. An event is
// made only when its turn comes, after all that the earlier one's reply asked for
// has been done, so what waits here is what happened, not yet the event. Its
// number is given at once.
//
// A goroutine works on a lane only while something waits in it.
type lane struct {
	entry entry // the client's entry in the journal

	mu      sync.Mutex
	room    sync.Cond    // signalled when something has left, or nothing more may come
	waiting []occurrence // guarded by mu; the first is being delivered while running
	bytes   int          // guarded by mu; payloads in waiting
	seq     uint64       // guarded by mu; the next event's number
	running bool         // guarded by mu; a goroutine works on the lane
	tenure  *tenure      // guarded by mu; of the delivery of the first; nil: it hasn't begun
	sealed  bool         // guarded by mu; the close is in: nothing comes behind it
	parked  bool         // guarded by mu; the node ends: what comes goes to the journal
	given   *given       // guarded by mu; nil unless the client is another node's now

	discards bool // guarded by mu; messages aren't wanted any more
	behind   bool // guarded by mu; a message isn't recorded that should be: later ones wait for that

	ends bool // it was restored with its close, see unfinished.leave
	over bool // guarded by unfinished.mu; see exit
}

// occurrence is something that happened to a client and becomes an event: a
// message, the close, or an event that an earlier process made and kept.
type occurrence struct {
	seq     uint64
	message protocol.Message
	closed  *protocol.CloseInfo // of a close
	kept    *webhooks.KeptEvent // of a kept event
	at      time.Time
	born    time.Time // of a message: see protocol.Event.Born
	// keep writes the occurrence down as it enters the lane, under the lane's lock,
	// so that its end can't come first; nil: it isn't written down.
	keep     func(occurrence) Commit
	recorded bool   // it is in the journal
	commit   Commit // unless this one failed (see recorder); nil: an earlier process put it there
}

func keptOccurrence(k *webhooks.KeptEvent) occurrence {
	return occurrence{seq: k.Event.Data.Seq, kept: k, at: k.Event.Timestamp.Time}
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

// claim numbers an event that is delivered past the lane, or goes nowhere.
func (l *lane) claim() uint64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.seq++
	return l.seq - 1
}

// placed is where an occurrence has gone.
type placed struct {
	seq       uint64
	refused   bool   // nowhere: the close is in
	discarded bool   // nowhere: the client was closed, and its messages dropped
	parked    bool   // nowhere: the caller writes it into the journal
	start     bool   // into the lane, and the caller starts a worker
	commit    Commit // of its record; nil: it has none
}

// put adds a message, waiting until there is room for it. An empty lane always
// has room, so a waiter is woken by its own lane's progress.
func (l *lane) put(o occurrence, b laneBounds) placed {
	l.mu.Lock()
	defer l.mu.Unlock()
	for !l.sealed && !l.parked && !l.discards && !l.hasRoom(len(o.message.Payload), b) {
		l.room.Wait()
	}
	switch {
	case l.sealed:
		return placed{refused: true}
	case l.discards:
		return placed{discarded: true}
	}
	return l.append(o)
}

func (l *lane) hasRoom(size int, b laneBounds) bool {
	if len(l.waiting) == 0 {
		return true
	}
	return len(l.waiting) < b.messages && l.bytes+size <= b.bytes && !b.crowded()
}

// seal adds the close behind everything else, once.
func (l *lane) seal(o occurrence) placed {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.sealed {
		return placed{refused: true}
	}
	l.sealed = true
	l.room.Broadcast()
	return l.append(o)
}

// append is called with mu held.
func (l *lane) append(o occurrence) placed {
	o.seq = l.seq
	l.seq++
	if l.parked {
		return placed{seq: o.seq, parked: true}
	}
	if o.keep != nil {
		l.record(&o)
	}
	l.waiting = append(l.waiting, o)
	l.bytes += len(o.message.Payload)
	start := !l.running
	l.running = true
	return placed{seq: o.seq, start: start, commit: o.commit}
}

// next is the occurrence whose turn it is, which is delivered in this tenure, or false
// when nothing waits and the worker ends. The occurrence stays in the lane, as what is
// being delivered takes room too, until finish.
func (l *lane) next(t *tenure) (o occurrence, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.given != nil {
		return occurrence{}, true // the worker finds out, and is still there to tidy up
	}
	if len(l.waiting) == 0 {
		l.running = false
		l.waiting = nil
		return occurrence{}, false
	}
	l.tenure = t
	return l.waiting[0], true
}

// finish takes the delivered occurrence out and makes room.
func (l *lane) finish() {
	l.mu.Lock()
	l.tenure = nil
	l.bytes -= len(l.waiting[0].message.Payload)
	l.waiting[0] = occurrence{}
	l.waiting = l.waiting[1:]
	l.mu.Unlock()
	l.room.Signal()
}

// park ends the worker's work for this process and gives all that still waits.
func (l *lane) park() []occurrence {
	l.mu.Lock()
	defer l.mu.Unlock()
	rest := l.waiting
	l.waiting, l.bytes, l.tenure = nil, 0, nil
	l.running, l.parked = false, true
	l.room.Broadcast()
	return rest
}
