package cluster

import (
	"sync"
	"sync/atomic"
)

// slots says whose names a slot of the tables stands for. A node has two of them
// while all its names come anew: those that it had count until it has sent all.
type slots struct {
	mu   sync.Mutex
	tags atomic.Pointer[[]string] // by slot; empty: nobody's. Written under mu, each time a new list
	free []slot                   // guarded by mu
}

func newSlots(selfTag string) *slots {
	s := &slots{}
	s.tags.Store(&[]string{selfTag})
	return s
}

// tag is whose slot it is; empty: nobody's any more, whatever the tables say.
func (s *slots) tag(n slot) string { return (*s.tags.Load())[n] }

// take gives a node a slot.
func (s *slots) take(tag string) slot {
	s.mu.Lock()
	defer s.mu.Unlock()
	tags := append([]string(nil), *s.tags.Load()...)
	n := slot(len(tags))
	if last := len(s.free); last > 0 {
		n, s.free = s.free[last-1], s.free[:last-1]
		tags[n] = tag
	} else {
		tags = append(tags, tag)
	}
	s.tags.Store(&tags)
	return n
}

// drop makes a slot nobody's. It can be taken again once it is given back, when it
// has been cleared from the tables.
func (s *slots) drop(n slot) {
	s.mu.Lock()
	defer s.mu.Unlock()
	tags := append([]string(nil), *s.tags.Load()...)
	tags[n] = ""
	s.tags.Store(&tags)
}

func (s *slots) giveBack(n slot) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.free = append(s.free, n)
}
