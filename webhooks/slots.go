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
//     four such slots on each class has one of these to itself.
//   - An address or a user holds at most three quarters of the slots that its class
//     could have, at least one, so that there is room for another.
//   - Classes take turns, and within a class first and repeated attempts do; who
//     is next among those is the queue's (queue.go).
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
}

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

// quota is the division of all slots.
func (s *slots) quota() quota {
	n := s.limit.value
	q := quota{total: n}
	if n >= 4 {
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

// room says whether a class may take one more, of those held already.
func (q quota) room(c class, held [classes]int) bool {
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

// share is the most that one address or user holds of a class.
func (s *slots) share(c class) int {
	q := s.quota()
	usable := q.total
	for other := range class(classes) {
		if other != c {
			usable -= q.own[other]
		}
	}
	return max(1, usable*3/4)
}

// add makes w wait for a slot.
func (s *slots) add(w *waiter) {
	s.came++
	w.came = s.came
	s.waiting++
	s.queue[w.class].add(w, s.share(w.class))
}

// cancel takes w, which waits, out of the queue.
func (s *slots) cancel(w *waiter) {
	s.waiting--
	s.queue[w.class].cancel(w, s.share(w.class))
}

// grant gives the next slot that is free to the next in turn, who now waits no
// more; nil: there is no slot that anyone who waits may have.
func (s *slots) grant() *waiter {
	if s.waiting == 0 || s.held >= s.limit.value {
		return nil
	}
	all, repeats, held := s.quota(), s.repeatQuota(), s.heldByClass()
	for i := range class(classes) {
		c := (s.last + 1 + i) % classes
		if !all.room(c, held) {
			continue
		}
		if w := s.pick(c, repeats.room(c, s.repeats)); w != nil {
			s.last = c
			s.held++
			s.waiting--
			if w.kind == repeated {
				s.repeats[c]++
			}
			return w
		}
	}
	return nil
}

// pick grants the next of a class, first and repeated attempts in turn.
func (s *slots) pick(c class, mayRepeat bool) *waiter {
	q, share := &s.queue[c], s.share(c)
	order := [kinds]kind{firstTry, repeated}
	if q.flip {
		order = [kinds]kind{repeated, firstTry}
	}
	for _, k := range order {
		if k == repeated && !mayRepeat {
			continue
		}
		if w := q.next(k, share); w != nil {
			q.flip = k == firstTry
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
	if w.kind == repeated {
		s.repeats[w.class]--
	}
	s.queue[w.class].release(w, s.share(w.class))
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
	for _, c := range [...]class{messages, closes} {
		if w := s.queue[c].head(firstTry); w != nil && (next == nil || w.came < next.came) {
			next = w
		}
	}
	if next == nil || !fits(next) {
		return nil
	}
	s.cancel(next)
	return next
}
