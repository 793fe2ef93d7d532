package hub

import (
	"hash/maphash"
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
)

// index is a map from a name (a uid or a group) to the clients that have it. Who
// changes a client's place in it holds that client's mu.
type index struct {
	seed   maphash.Seed
	shards [shardCount]shard
	open   atomic.Int64                    // names with at least one open client
	tell   func(name string, present bool) // of each name that comes or goes, under its shard's lock; nil: nobody
}

type shard struct {
	mu   sync.RWMutex
	sets map[string]*set // mu guards it, and all fields but name of each set in it
}

func newIndex(tell func(name string, present bool)) *index {
	x := &index{seed: maphash.MakeSeed(), tell: tell}
	for i := range x.shards {
		x.shards[i].sets = map[string]*set{}
	}
	return x
}

func (x *index) shard(name string) *shard {
	return &x.shards[maphash.String(x.seed, name)%shardCount]
}

// add makes c a member of the set with this name. It isn't counted yet.
func (x *index) add(name string, c *Client) *set {
	sh := x.shard(name)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	s := sh.sets[name]
	if s == nil {
		s = &set{name: strings.Clone(name)} // name may be a piece of something large
		sh.sets[s.name] = s
		if x.tell != nil {
			x.tell(s.name, true)
		}
	}
	s.add(c)
	return s
}

// remove ends c's membership, which isn't counted any more.
func (x *index) remove(s *set, c *Client) {
	sh := x.shard(s.name)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	s.remove(c)
	if s.size() == 0 {
		delete(sh.sets, s.name)
		if x.tell != nil {
			x.tell(s.name, false)
		}
	}
}

// count adds delta (1 or -1) open clients with this uid to the set.
func (x *index) count(s *set, uid string, delta int) {
	sh := x.shard(s.name)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	before := s.open
	s.open += delta
	s.countUID(uid, delta)
	switch {
	case before == 0:
		x.open.Add(1)
	case s.open == 0:
		x.open.Add(-1)
	}
}

// recount moves an open client of the set from one uid to another.
func (x *index) recount(s *set, from, to string) {
	sh := x.shard(s.name)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	s.countUID(from, -1)
	s.countUID(to, 1)
}

// members appends to into the clients that have this name.
func (x *index) members(name string, into []*Client) []*Client {
	sh := x.shard(name)
	sh.mu.RLock()
	defer sh.mu.RUnlock()
	if s := sh.sets[name]; s != nil {
		into = s.appendTo(into)
	}
	return into
}

// each calls fn for every set with an open client, in no order, under its lock.
func (x *index) each(fn func(*set)) {
	x.all(func(s *set) {
		if s.open > 0 {
			fn(s)
		}
	})
}

// all calls fn for every set, in no order, under its lock.
func (x *index) all(fn func(*set)) {
	for i := range x.shards {
		sh := &x.shards[i]
		sh.mu.RLock()
		for _, s := range sh.sets {
			fn(s)
		}
		sh.mu.RUnlock()
	}
}

// uids gives how many open clients the name has, and their uids, in no order.
func (x *index) uids(name string) (clients int, uids []string) {
	sh := x.shard(name)
	sh.mu.RLock()
	defer sh.mu.RUnlock()
	if s := sh.sets[name]; s != nil {
		return s.open, slices.Collect(maps.Keys(s.uids))
	}
	return 0, nil
}

// size is how many open clients and how many of their uids the name has.
func (x *index) size(name string) (clients, uids int) {
	sh := x.shard(name)
	sh.mu.RLock()
	defer sh.mu.RUnlock()
	if s := sh.sets[name]; s != nil {
		return s.open, len(s.uids)
	}
	return 0, 0
}
