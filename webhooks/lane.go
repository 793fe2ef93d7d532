package webhooks

// laneOf finds or makes the lane of a user at an address.
func (q *queue) laneOf(addr, uid string) *lane {
	s := q.sources[addr]
	if s == nil {
		s = q.newSource()
		s.addr = addr
		q.sources[addr] = s
	}
	l := s.lanes[uid]
	if l == nil {
		l = q.newLane()
		l.source, l.user = s, q.userOf(uid)
		s.lanes[uid] = l
	}
	return l
}

// mostSpare is how many sources and lanes are kept for others: with an address for
// each client nearly every event has them to itself, for as long as it takes.
const mostSpare = 64

func (q *queue) newSource() *source {
	if last := len(q.spareSources) - 1; last >= 0 {
		s := q.spareSources[last]
		q.spareSources = q.spareSources[:last]
		return s
	}
	s := &source{lanes: map[string]*lane{}}
	for k := range kind(kinds) {
		s.line[k].rank = newRank(s)
	}
	return s
}

// small says whether a source has never had many lanes, whose room it would keep.
func (s *source) small() bool {
	for k := range kind(kinds) {
		if cap(s.line[k].lanes) > mostSpare {
			return false
		}
	}
	return true
}

func (q *queue) newLane() *lane {
	if last := len(q.spareLanes) - 1; last >= 0 {
		l := q.spareLanes[last]
		q.spareLanes = q.spareLanes[:last]
		return l
	}
	l := &lane{}
	for k := range kind(kinds) {
		l.line[k].rank = newRank(l)
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
	s := l.source
	delete(s.lanes, uid)
	l.source, l.user = nil, nil
	if len(q.spareLanes) < mostSpare {
		q.spareLanes = append(q.spareLanes, l)
	}
	if len(s.lanes) > 0 {
		return
	}
	delete(q.sources, s.addr)
	if len(q.spareSources) < mostSpare && s.small() {
		q.spareSources = append(q.spareSources, s)
	}
}
