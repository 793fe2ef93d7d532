package webhooks

import "time"

// class is a type of event, as far as slots go.
type class int

const (
	connects class = iota
	messages
	closes
	classes = 3
)

// slots decides which event may have its attempt next. An attempt holds a slot
// while it is under way, and none while it waits for a retry. There are as many
// slots as the limit allows at the moment (limit.go). The rules:
//
//   - Connects and closes have an eighth of the slots each to themselves, messages
//     a quarter, at least one each; what is left is for whoever comes. So a class
//     takes a slot if it holds less than its own, or if more are free than the
//     others may still claim. Below four slots there are none of one's own: the
//     classes take turns.
//   - Repeated attempts hold at most a quarter of the slots, at least one. From
//     four such slots on each class has one of these to itself. Those for clients
//     that hang hold at most half of that.
//   - An address or a user holds at most three quarters of the slots that its class
//     could have, at least one, so that there is room for another; a little more
//     where it is a message's of a client whose last one went well.
//   - Classes take turns, and within a class the kinds of attempts do; who is next
//     among those is the queue's (queue.go).
//   - A message that hangs while others go well counts against none of this any
//     more, only against the most that there may be: the limit makes room for
//     others. Messages of clients that hang hold half of that most, those of new
//     clients the rest but an eighth, more and more slowly; see trust.go.
//
// When the limit falls nothing is taken away: the next are granted once there is
// room. slots does no I/O, has no clock and no lock, and costs O(log n) a call.
type slots struct {
	limit   limit
	held    int
	waiting int
	repeats [classes]int // slots held by repeated attempts
	queue   [classes]queue
	last    class // whose turn it was last
	came    uint64
	crowd   gathering

	// Of messages, see trust.go:
	running  chain       // with a slot, and not slow
	slow     int         // slots of those that hang
	doubted  int         // slots of others whose clients' last message didn't go well, or isn't known
	suspects int         // those among them that are likely to hang
	again    int         // slots of all repeated attempts that are
	paces    [kinds]pace // of newcomers and first tries
}

// fewest is how many slots there must be for classes to have some of their own.
const fewest = 4

// quota is how a number of slots is shared between the classes.
type quota struct {
	total int
	own   [classes]int
}

func newSlots(l limit) *slots {
	s := &slots{limit: l, last: closes}
	for c := range s.queue {
		s.queue[c] = newQueue()
	}
	return s
}

// usable is how many slots there are beside those of messages that hang.
func (s *slots) usable() int { return max(1, min(s.limit.value, s.limit.most-s.slow)) }

// quota is the division of all these slots.
func (s *slots) quota() quota { return divide(s.usable()) }

func divide(n int) quota {
	q := quota{total: n}
	if n >= fewest {
		q.own = [classes]int{connects: max(1, n/8), messages: max(1, n/4), closes: max(1, n/8)}
	}
	return q
}

// repeatQuota is the division of those that repeated attempts may hold.
func (s *slots) repeatQuota() quota {
	q := quota{total: max(1, s.limit.value/4)}
	if q.total >= 4 {
		q.own = [classes]int{1, 1, 1}
	}
	return q
}

// admits says whether a class may take one more, of those held already.
func (q quota) admits(c class, held [classes]int) bool {
	free := q.total
	claimed := 0
	for other := range class(classes) {
		free -= held[other]
		if other != c {
			claimed += max(0, q.own[other]-held[other])
		}
	}
	return free > 0 && (held[c] < q.own[c] || free > claimed)
}

// usable is how many of the slots a class may come to.
func (q quota) usable(c class) int {
	n := q.total
	for other := range class(classes) {
		if other != c {
			n -= q.own[other]
		}
	}
	return n
}

// share is the most that one address or user holds of a class where it wants a slot
// for an attempt of this kind. What is kept from clients of whom no good is known is
// not kept from their neighbours.
func (s *slots) share(c class, k kind) int {
	n := s.quota().usable(c)
	if c == messages && k == firstTry {
		return max(1, n-spare(n))
	}
	return max(1, n*3/4)
}

func (s *slots) shares(c class) (list shares) {
	for k := range kind(kinds) {
		list[k] = s.share(c, k)
	}
	return list
}

// add makes w wait for a slot.
func (s *slots) add(w *waiter) {
	s.came++
	w.came = s.came
	s.waiting++
	s.queue[w.class].add(w, s.share(w.class, w.kind))
}

// cancel takes w, which waits, out of the queue.
func (s *slots) cancel(w *waiter) {
	s.waiting--
	s.queue[w.class].cancel(w, s.share(w.class, w.kind))
}

// grant gives the next slot that is free to the next in turn, who now waits no
// more; nil: there is no slot that anyone who waits may have.
func (s *slots) grant(now time.Time) *waiter {
	if s.waiting == 0 || s.held-s.slow >= s.usable() {
		return nil
	}
	all, repeats, held := s.quota(), s.repeatQuota(), s.heldByClass()
	for i := range class(classes) {
		c := (s.last + 1 + i) % classes
		if !all.admits(c, held) {
			continue
		}
		if w := s.pick(c, repeats.admits(c, s.repeats), s.waits(c, now), now); w != nil {
			s.last = c
			s.held++
			s.waiting--
			if w.kind == repeated {
				s.repeats[c]++
			}
			if c == messages {
				s.seated(w, now)
			}
			s.lead(w)
			return w
		}
	}
	return nil
}

// pick grants the next of a class, its kinds in turn. Where the crowd waits only the
// others get their turn.
func (s *slots) pick(c class, mayRepeat, crowdWaits bool, now time.Time) *waiter {
	q := &s.queue[c]
	for i := range kind(kinds) {
		k := (q.last + 1 + i) % kinds
		if k == repeated && !mayRepeat || crowdWaits && k.rides() {
			continue
		}
		var w *waiter
		if c == messages {
			w = s.choose(k, now)
		} else {
			w = q.next(k, s.share(c, k))
		}
		if w != nil {
			q.last = k
			q.grant(w)
			return w
		}
	}
	return nil
}

func (s *slots) heldByClass() (held [classes]int) {
	for c := range held {
		held[c] = s.queue[c].held
	}
	return held
}

// release takes back the slot of w, whose attempt began at began and ended so.
func (s *slots) release(w *waiter, how load, began, now time.Time) {
	s.held--
	s.led(w)
	if w.kind == repeated {
		s.repeats[w.class]--
	}
	if w.doubtful {
		s.again--
	}
	switch {
	case w.slow:
		s.slow--
		if how == late {
			how = unknown // others went well meanwhile
		}
	case w.class == messages:
		s.unseat(w)
	default:
		s.queue[w.class].release(w, s.shares(w.class))
	}
	if w.paid > 0 && how != late && !w.slow {
		s.paces[w.kind].refund(w.paid)
	}
	s.limit.ended(how, s.waiting > 0, began, now)
}

// stretch lets the limit grow with time while somebody waits.
func (s *slots) stretch(now time.Time) { s.limit.stretch(s.waiting > 0, now) }

// along takes a message or close that waits for its first attempt out of the
// queue, to travel in the slot of another. It is the next in turn of those that
// came first, whatever its address and user hold; nil: there is none, or fits
// turned it down.
func (s *slots) along(fits func(*waiter) bool) *waiter {
	var next *waiter
	for _, c := range ridingClasses {
		for _, k := range ridingKinds {
			if w := s.queue[c].head(k); w != nil && (next == nil || w.came < next.came) {
				next = w
			}
		}
	}
	if next == nil || !fits(next) {
		return nil
	}
	s.cancel(next)
	return next
}
