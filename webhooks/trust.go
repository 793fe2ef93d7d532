package webhooks

import "time"

const (
	// slowAfter, a part of the time-out, within these bounds, is how long an attempt
	// at a message may take, and slowTimes as long as one that began later and ended
	// well; then it is slow.
	slowPart             = 20
	slowLeast, slowAfter = 100 * time.Millisecond, 500 * time.Millisecond
	slowTimes            = 8
	// crowded is how long new clients may have to wait before some overtake others.
	crowded = 50 * time.Millisecond
)

// trust is whether messages of a kind may have one of the slots of their class
// now. Where an endpoint has as few slots as have no classes all may.
type trust int

const (
	shut  trust = iota
	paced       // one at a time, as pace says
	open
)

// mostMessages is how many slots messages may come to at all, slow ones and all:
// those that are left when connects and closes have theirs.
func (s *slots) mostMessages() int { return divide(s.limit.most).usable(messages) }

// stuck is how many slots messages hold that hang, or are likely to.
func (s *slots) stuck() int { return s.slow + s.suspects }

// spare is the part of n slots for messages that only clients get whose last one
// went well.
func spare(n int) int {
	if n < 2 {
		return 0
	}
	return max(1, n/8)
}

// trusts judges a kind of messages. left says of paced ones how many slots there
// are to be given out.
func (s *slots) trusts(k kind) (t trust, left int) {
	most := s.mostMessages()
	held := s.queue[messages].held + s.slow
	if held >= most {
		return shut, 0
	}
	if s.limit.most < fewest {
		return open, 0
	}
	usable := s.quota().usable(messages)
	if k != firstTry && s.doubted >= max(1, usable-spare(usable)) {
		return shut, 0
	}
	switch k {
	case suspect:
		if s.stuck() >= max(1, most/2) {
			return shut, 0
		}
	case newcomer: // each may hang like others do now
		if s.stuck() > 0 && s.slow+s.doubted >= max(1, most/2) {
			if left = most - spare(most) - s.slow - s.doubted; left <= 0 {
				return shut, 0
			}
		}
	case firstTry:
		if s.stuck() >= max(1, most*3/4) {
			left = most - held
		}
	}
	if left > 0 {
		return paced, left
	}
	return open, 0
}

// choose is the next of a kind of messages, or nil. Among new clients it is by
// turns the one whose turn it is and the one that came last: those before it may be
// a crowd that hangs. Where slots are scarce it is the one that came last.
func (s *slots) choose(k kind, now time.Time) *waiter {
	q := &s.queue[messages]
	if q.arrived[k].newest == nil {
		return nil
	}
	share := s.share(messages, k)
	t, left := s.trusts(k)
	switch t {
	case shut:
		return nil
	case open:
		switch k {
		case repeated:
			return s.another(q, share)
		case firstTry, suspect:
			return q.next(k, share)
		}
		w := q.next(k, share)
		if w == nil || s.limit.most < fewest || now.Sub(w.since) < crowded {
			return w
		}
		if q.newest = !q.newest; q.newest {
			if last := q.latest(k, share); last != nil {
				return last
			}
		}
		return w
	}
	step := s.limit.timeout / time.Duration(left)
	w := q.latest(k, share)
	if w == nil {
		w = q.next(k, share)
	}
	if w == nil || !s.paces[k].admits(step, now.Sub(w.since), now) {
		return nil
	}
	s.paces[k].spend(step, now)
	w.paid = step
	return w
}

// another is the next repeated attempt at a message: where those hang that are
// likely to, one for another client.
func (s *slots) another(q *queue, share int) *waiter {
	w := q.next(repeated, share)
	if w == nil || !w.doubtful || s.again < max(1, s.repeatQuota().total/2) && s.stuck() < max(1, s.mostMessages()/2) {
		return w
	}
	if w = q.latest(repeated, share); w == nil || w.doubtful {
		return nil
	}
	return w
}

// seated counts a message's slot in.
func (s *slots) seated(w *waiter, now time.Time) {
	w.began = now
	s.running.add(w)
	if w.kind != firstTry {
		s.doubted++
	}
	if w.kind == suspect {
		s.suspects++
	}
	if w.doubtful {
		s.again++
	}
}

// unseat counts a message's slot out of those that may come back soon.
func (s *slots) unseat(w *waiter) {
	s.running.drop(w)
	if w.kind != firstTry {
		s.doubted--
	}
	if w.kind == suspect {
		s.suspects--
	}
	s.queue[messages].release(w, s.shares(messages))
}

// overtaken marks the messages as slow whose attempts take much longer than one
// that began later and has now ended well, and gives them. Their slots count no
// more against the limit, the shares, nor the class: the backend isn't overrun, they
// hang.
func (s *slots) overtaken(began, now time.Time) (slow []*waiter) {
	after := max(slowTimes*now.Sub(began), min(max(s.limit.timeout/slowPart, slowLeast), slowAfter))
	for w := s.running.oldest; w != nil && w.began.Before(began) && now.Sub(w.began) > after; w = s.running.oldest {
		s.unseat(w)
		w.slow = true
		s.slow++
		slow = append(slow, w)
	}
	return slow
}
