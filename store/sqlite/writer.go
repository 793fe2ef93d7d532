package sqlite

import "time"

const (
	// pace is the least time from one group to the next: while it runs, writes
	// gather. A write that comes alone doesn't wait. Under load it is some times what the
	// last group took, up to slowest: large groups cost less for each write.
	pace, slowest = 4 * time.Millisecond, 8 * time.Millisecond
	// roomAgain is how often a full disk is looked at.
	roomAgain = 250 * time.Millisecond
)

// run is the writer: it writes what waits, group by group, until the store is closed.
func (s *Store) run() {
	for {
		s.mu.Lock()
		broken, noRoom, closed, toDo := s.broken, s.noRoom, s.closed, s.toDo
		waits, g := len(s.waiting) > 0, (*group)(nil)
		if waits && broken == nil && (closed || time.Since(s.lastGroup) >= s.pace()) {
			g = s.waiting[0]
			s.waiting[0] = nil
			s.waiting = s.waiting[1:]
		}
		s.mu.Unlock()
		switch {
		case broken != nil:
			s.goDown(broken, nil)
			if !s.recover(broken) {
				return
			}
		case g != nil:
			s.keep(g, noRoom != nil && g.put > 0)
			s.lastGroup = time.Now()
			if noRoom != nil || toDo.truncate {
				s.truncate()
			}
		case waits:
			time.Sleep(s.pace() - time.Since(s.lastGroup))
		case closed:
			return
		case toDo.truncate:
			s.truncate()
		case toDo.vacuum:
			s.vacuum()
		case noRoom != nil:
			s.await(time.After(roomAgain))
			s.lookForRoom()
		default:
			s.await(nil)
		}
	}
}

func (s *Store) pace() time.Duration { return min(max(pace, 4*s.lastTook), slowest) }

// await waits for work, at most until alarm.
func (s *Store) await(alarm <-chan time.Time) {
	select {
	case <-s.work:
	case <-alarm:
	}
}

// keep writes a group. Where it doesn't fit, or something in it can't be written, its
// writes are tried one by one; so they are where the disk is full already.
func (s *Store) keep(g *group, full bool) {
	if full {
		s.oneByOne(g)
		return
	}
	start := time.Now()
	err := s.transact(g, 0, len(g.writes))
	s.lastTook = time.Since(start)
	s.seen.commit(s.lastTook, err)
	switch {
	case err == nil:
		s.settle(g, nil)
	case isFull(err) || isWrite(err):
		s.oneByOne(g)
		return
	default:
		s.goDown(err, g)
		if !s.recover(err) {
			return
		}
	}
	s.wrote()
}

// wrote has others look after what was written.
func (s *Store) wrote() {
	poke(s.written)
	if s.options.Sync > 0 {
		poke(s.unsynced)
	}
}

// oneByOne writes a group's writes each for itself. Once one of them finds the disk
// full no put is tried any more: what the ballast leaves is for deletes.
func (s *Store) oneByOne(g *group) {
	errs := make([]error, len(g.writes))
	for i := range g.writes {
		w := &g.writes[i]
		if w.by != 0 {
			continue
		}
		s.mu.Lock()
		noRoom := s.noRoom
		s.mu.Unlock()
		if noRoom != nil && w.isPut {
			errs[i] = noRoom
			continue
		}
		err := s.transact(g, i, i+1)
		if isFull(err) {
			s.becomeFull(err)
			if !w.isPut {
				err = s.transact(g, i, i+1)
			}
		}
		if err != nil && !isFull(err) {
			for j := i; j < len(g.writes); j++ {
				errs[j] = cause(err)
			}
			s.settle(g, errs)
			s.goDown(err, nil)
			s.recover(err)
			return
		}
		errs[i] = cause(err)
	}
	s.settle(g, errs)
	s.wrote()
}

// transact writes some of a group's writes in one transaction.
func (s *Store) transact(g *group, from, to int) (err error) {
	if s.options.onWrite != nil {
		if err := s.options.onWrite(); err != nil {
			return err
		}
	}
	s.dir.awaitDisk()
	if err := s.db.begin.exec(); err != nil {
		return err
	}
	s.locate(g.writes[from:to])
	for i := from; i < to && err == nil; i++ {
		if g.writes[i].by == 0 {
			err = s.perform(g, &g.writes[i])
		}
	}
	if err == nil {
		err = s.db.commit.exec()
	}
	if err != nil {
		_ = s.db.rollback.exec() // SQLite may have done so itself
	}
	return err
}

// locate finds the rows of writes.
func (s *Store) locate(writes []write) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range writes {
		w := &writes[i]
		id, there := s.known.id(w.key)
		if !there && w.isPut && w.by == 0 {
			id = s.known.next()
		}
		w.id = id
	}
}

// perform makes one write within a transaction.
func (s *Store) perform(g *group, w *write) error {
	switch {
	case w.isPut:
		value := g.value(w)
		return s.db.put.exec(w.id, w.key, value, checksum(w.key, value))
	case w.id != 0:
		return s.db.delete.exec(w.id)
	}
	return nil // what it was to forget was in this group
}
