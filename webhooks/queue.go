package webhooks

import (
	"container/list"
	"time"
)

// kind is what an attempt is, as far as turns go. The first attempts at messages
// are of three kinds, by what is known of their clients (standing.go).
type kind int

const (
	firstTry kind = iota // of a message: its client's last one went well, and soon
	repeated
	newcomer // nothing is known of the client
	suspect  // the client's last message held its slot for long
	kinds    = 4
)

// queue is one class's waiters, ordered so that no address and no user crowds
// the others out:
//
//   - The next is of the address that holds the fewest of the class's slots;
//     among equals, of the one that was served longest ago.
//   - At that address it is of the user who holds the fewest from there, among
//     equals again in rotation. Clients without a uid are one user, held to the
//     share of their address only.
//   - Within a user and address: first come, first served.
//
// (latest is the exception that slots makes.) An address or user that holds its
// share (a number for each kind that the caller hands in) gets no more for now.
// Every operation costs O(log n) of what waits: a user at its share is parked, so
// that it isn't met again at each of its addresses whenever somebody is picked.
//
// A user's parked lanes come back one by one: for each slot that the user gives
// back, for each of its lanes that leaves the rankings without a grant, and
// whenever nobody in the rankings may have a slot.
type queue struct {
	held    int
	sources map[string]*source
	users   map[string]*user
	ready   [kinds]ranking[*source]
	parking map[*user]struct{} // the users with parked lanes
	turn    uint64             // of the last entry into, or turn in, a ranking
	last    kind               // which was served last, so that they take turns
	arrived [kinds]chain       // all that wait
	newest  bool               // whether the last newcomer was the one that came last

	spareSources []*source // nobody's, and empty
	spareLanes   []*lane
}

// source is a remote address.
type source struct {
	addr  string
	held  int
	lanes map[string]*lane // by uid
	line  [kinds]struct {
		rank  rank[*source]
		lanes ranking[*lane]
	}
}

// user is a uid, at however many addresses.
type user struct {
	uid    string
	held   int
	lanes  int
	parked [kinds]list.List // of *lane
}

// lane is one user at one address.
type lane struct {
	source *source
	user   *user // nil for clients without a uid
	held   int
	line   [kinds]struct {
		rank    rank[*lane]
		waiters list.List // of *waiter
		parked  *list.Element
	}
}

// waiter is an event that waits for a slot or holds one.
type waiter struct {
	class class
	kind  kind
	addr  string
	uid   string // empty: none
	owner *seat  // whose it is; nothing here looks into it

	lane *lane         // while it waits or holds
	spot *list.Element // in its lane, while it waits
	came uint64        // the order of arrival

	chained      bool // in the chain that these link
	older, newer *waiter
	since        time.Time     // when it came
	began        time.Time     // when it got its slot
	paid         time.Duration // the step of its pace
	leads        bool          // it has a slot, and hasn't gathered others into it yet
	doubtful     bool          // a repeated attempt for a client that is a suspect
	slow         bool          // it hangs, as it seems: no lane has it any more
}

func newQueue() queue {
	return queue{sources: map[string]*source{}, users: map[string]*user{}, parking: map[*user]struct{}{}}
}

// shares is the most that one address or user may hold where it wants another slot
// for an attempt of a kind.
type shares [kinds]int

// add makes w wait.
func (q *queue) add(w *waiter, share int) {
	q.arrived[w.kind].add(w)
	w.lane = q.laneOf(w.addr, w.uid)
	line := &w.lane.line[w.kind]
	w.spot = line.waiters.PushBack(w)
	if line.waiters.Len() > 1 {
		return
	}
	if u := w.lane.user; u != nil && u.held >= share {
		q.park(w.lane, w.kind)
		return
	}
	q.enter(w.lane, w.kind)
}

// next is who is served next of this kind, or nil. It stays where it is.
func (q *queue) next(k kind, share int) *waiter {
	for {
		s, ok := q.ready[k].top()
		if !ok || s.held >= share {
			if q.relieve(k, share) {
				continue
			}
			return nil
		}
		l, _ := s.line[k].lanes.top()
		if l.user == nil || l.user.held < share {
			return l.line[k].waiters.Front().Value.(*waiter)
		}
		q.leave(l, k)
		q.park(l, k)
	}
}

// latest is who came last of this kind, if it may be served now and its address
// holds no more than any other's; else nil.
func (q *queue) latest(k kind, share int) *waiter {
	w := q.arrived[k].newest
	if w == nil || w.lane.line[k].parked != nil {
		return nil
	}
	l := w.lane
	if l.source.held >= share || l.user != nil && l.user.held >= share || l.source.held > q.ready[k][0].held {
		return nil
	}
	return w
}

// head is who would be served next of this kind if nobody were held to a share.
func (q *queue) head(k kind) *waiter {
	s, ok := q.ready[k].top()
	if !ok {
		return nil
	}
	l, _ := s.line[k].lanes.top()
	return l.line[k].waiters.Front().Value.(*waiter)
}

// grant gives w, which next gave, a slot.
func (q *queue) grant(w *waiter) {
	q.serve(w)
	q.hold(w.lane, +1)
}

// release takes the slot of w back.
func (q *queue) release(w *waiter, share shares) {
	l := w.lane
	w.lane = nil
	q.hold(l, -1)
	for k := range kind(kinds) {
		q.unpark(l.user, k, share[k])
	}
	q.forget(l)
}

// cancel takes w out of the waiting, wherever it stands, without a slot.
func (q *queue) cancel(w *waiter, share int) {
	l := w.lane
	w.lane = nil
	q.arrived[w.kind].drop(w)
	line := &l.line[w.kind]
	line.waiters.Remove(w.spot)
	w.spot = nil
	if line.waiters.Len() == 0 {
		if line.parked != nil {
			q.take(l, w.kind)
		} else {
			q.leave(l, w.kind)
			q.unpark(l.user, w.kind, share)
		}
	}
	q.forget(l)
}

// serve takes w from its lane and moves lane and address to the end of the
// rotation.
func (q *queue) serve(w *waiter) {
	l, s := w.lane, w.lane.source
	q.arrived[w.kind].drop(w)
	line := &l.line[w.kind]
	line.waiters.Remove(w.spot)
	w.spot = nil
	if line.waiters.Len() == 0 {
		q.leave(l, w.kind)
	} else {
		line.rank.turn = q.nextTurn()
		s.line[w.kind].lanes.moved(&line.rank)
	}
	s.line[w.kind].rank.turn = q.nextTurn()
	q.ready[w.kind].moved(&s.line[w.kind].rank)
}

// hold counts a slot that a lane takes or gives back.
func (q *queue) hold(l *lane, by int) {
	q.held += by
	l.held += by
	l.source.held += by
	if l.user != nil {
		l.user.held += by
	}
	for k := range kind(kinds) {
		line, above := &l.line[k], &l.source.line[k]
		line.rank.held, above.rank.held = l.held, l.source.held
		above.lanes.moved(&line.rank)
		q.ready[k].moved(&above.rank)
	}
}

func (q *queue) nextTurn() uint64 {
	q.turn++
	return q.turn
}
