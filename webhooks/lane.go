package webhooks

// laneOf finds or makes the lane of a user at an address.
func (q *queue) laneOf(addr, uid string) *lane {
	s := q.sources[addr]
	if s == nil {
		s = &source{addr: addr, lanes: map[string]*lane{}}
		for k := range kind(kinds) {
			s.line[k].rank = newRank(s)
		}
		q.sources[addr] = s
	}
	l := s.lanes[uid]
	if l == nil {
		l = &lane{source: s, user: q.userOf(uid)}
		for k := range kind(kinds) {
			l.line[k].rank = newRank(l)
		}
		s.lanes[uid] = l
	}
	return l
}

func (q *queue) userOf(uid string) *user {
	if uid == "" {
		return nil
	}
	u := q.users[uid]
	if u == nil {
		u = &user{uid: uid}
		q.users[uid] = u
	}
	u.lanes++
	return u
}

// enter puts a lane that has waiters into the rankings, behind its equals.
func (q *queue) enter(l *lane, k kind) {
	s, line := l.source, &l.line[k]
	line.rank.turn = q.nextTurn()
	s.line[k].lanes.enter(&line.rank)
	if s.line[k].rank.index < 0 {
		s.line[k].rank.turn = q.nextTurn()
		q.ready[k].enter(&s.line[k].rank)
	}
}

// leave takes a lane out of the rankings.
func (q *queue) leave(l *lane, k kind) {
	s := l.source
	s.line[k].lanes.leave(&l.line[k].rank)
	if len(s.line[k].lanes) == 0 {
		q.ready[k].leave(&s.line[k].rank)
	}
}

// park sets a lane aside whose user holds its share.
func (q *queue) park(l *lane, k kind) {
	l.line[k].parked = l.user.parked[k].PushBack(l)
	q.parking[l.user] = struct{}{}
}

// take removes a lane from the parked.
func (q *queue) take(l *lane, k kind) {
	u := l.user
	u.parked[k].Remove(l.line[k].parked)
	l.line[k].parked = nil
	for k := range kind(kinds) {
		if u.parked[k].Len() > 0 {
			return
		}
	}
	delete(q.parking, u)
}

// unpark brings the longest parked lane of a user back, if the user has room
// under its share.
func (q *queue) unpark(u *user, k kind, share int) {
	if u == nil || u.held >= share || u.parked[k].Len() == 0 {
		return
	}
	l := u.parked[k].Front().Value.(*lane)
	q.take(l, k)
	q.enter(l, k)
}

// relieve unparks a lane of some user that has room under its share, where the
// lanes that it has in the rankings are held up by their addresses. Few users
// are at their share at once, and few addresses, so it finds one soon.
func (q *queue) relieve(k kind, share int) bool {
	for u := range q.parking {
		if u.held < share && u.parked[k].Len() > 0 {
			q.unpark(u, k, share)
			return true
		}
	}
	return false
}

// forget drops a lane that neither waits nor holds, and what only it kept.
func (q *queue) forget(l *lane) {
	if l.held > 0 {
		return
	}
	for k := range kind(kinds) {
		if l.line[k].waiters.Len() > 0 {
			return
		}
	}
	uid := ""
	if u := l.user; u != nil {
		uid = u.uid
		if u.lanes--; u.lanes == 0 {
			delete(q.users, uid)
		}
	}
	delete(l.source.lanes, uid)
	if len(l.source.lanes) == 0 {
		delete(q.sources, l.source.addr)
	}
}
