package sqlite

import (
	"sync"

	"gatepost/store"
)

// group is writes that go into one transaction.
type group struct {
	done   chan struct{}
	writes []write
	values []byte // of the puts, one after the other
	memory int
	put    int64 // bytes of keys and values
}

// write is a put or a delete.
type write struct {
	key      string
	commit   *store.Write
	from, to int // of values
	isPut    bool
	by       int   // which write of the group replaces this one; 0: none
	id       int64 // of its row, see locate; 0: there is none
}

func (g *group) value(w *write) []byte { return g.values[w.from:w.to:w.to] }

// memories are what groups are gathered in, used again: under load each would have
// to grow from nothing.
var memories = sync.Pool{New: func() any { return &memory{values: make([]byte, 0, 512)} }}

type memory struct {
	writes []write
	values []byte
}

// write puts a write into the group that is being filled. mu is held.
func (s *Store) write(key string, value []byte, isPut bool) store.Commit {
	g := s.filling(len(value))
	w := write{key: key, commit: store.NewWrite(g.done), from: len(g.values), isPut: isPut}
	g.values = append(g.values, value...)
	w.to = len(g.values)
	if at, ok := s.fresh[key]; ok && at.group == g {
		g.writes[at.i].by = len(g.writes)
	}
	s.fresh[key] = latest{g, len(g.writes)}
	g.writes = append(g.writes, w)
	memory := len(key) + len(value) + 160 // the write and its entry among the fresh ones
	g.memory += memory
	s.pending += memory
	if isPut {
		g.put += int64(len(key) + len(value))
		s.growing += int64(len(key) + len(value))
	}
	return w.commit
}

// filling is the group that has room for size bytes more; mu is held.
func (s *Store) filling(size int) *group {
	if n := len(s.waiting); n > 0 && len(s.waiting[n-1].values)+size <= gathered && len(s.waiting[n-1].writes) < 4096 {
		return s.waiting[n-1]
	}
	m := memories.Get().(*memory)
	g := &group{done: make(chan struct{}), writes: m.writes[:0], values: m.values[:0]}
	s.waiting = append(s.waiting, g)
	poke(s.work)
	return g
}

// settle makes a group's writes count that were kept, and lets the others fail; errs
// are how they ended, nil: all were kept.
func (s *Store) settle(g *group, errs []error) {
	s.mu.Lock()
	s.pending -= g.memory
	s.growing -= g.put
	for i := len(g.writes) - 1; i >= 0; i-- {
		w := &g.writes[i]
		var err error
		if errs != nil {
			if w.by != 0 {
				errs[i] = errs[w.by]
			}
			err = errs[i]
		}
		w.commit.Set(err)
		if at, ok := s.fresh[w.key]; ok && at.group == g && at.i == i {
			delete(s.fresh, w.key)
			if err != nil && !w.isPut {
				s.owed[w.key] = struct{}{}
			}
		}
		switch {
		case err != nil || w.by != 0:
		case w.isPut:
			s.known.put(w.key, w.id, len(w.key)+w.to-w.from)
		default:
			s.known.delete(w.key)
		}
	}
	if len(s.fresh) == 0 && g.memory > 1<<20 {
		s.fresh = make(map[string]latest) // maps never shrink
	}
	s.makeUp()
	s.mu.Unlock()
	close(g.done)
	if cap(g.values) <= 2*gathered {
		clear(g.writes)
		memories.Put(&memory{g.writes, g.values})
	}
}

// makeUp does deletes that have failed: who asked for them has gone on, and what they
// left would be there for ever. mu is held.
func (s *Store) makeUp() {
	if len(s.owed) == 0 || s.down != nil || s.closed {
		return
	}
	for key := range s.owed {
		if s.pending+len(key) > maxPending/2 {
			return
		}
		delete(s.owed, key)
		if _, waits := s.fresh[key]; !waits {
			s.write(key, nil, false)
		}
	}
	s.owed = map[string]struct{}{} // maps never shrink
}
