package hub

import (
	"hash/maphash"
	"sync"
)

// shardCount is how many locks each map is spread over.
const shardCount = 64

// registry is the addressable clients by id.
type registry struct {
	seed   maphash.Seed
	shards [shardCount]struct {
		mu   sync.RWMutex
		byID map[string]*Client // mu guards it
	}
}

func (r *registry) init() {
	r.seed = maphash.MakeSeed()
	for i := range r.shards {
		r.shards[i].byID = map[string]*Client{}
	}
}

func (r *registry) get(id string) (*Client, bool) {
	s := &r.shards[maphash.String(r.seed, id)%shardCount]
	s.mu.RLock()
	defer s.mu.RUnlock()
	c, ok := s.byID[id]
	return c, ok
}

func (r *registry) put(c *Client) {
	s := &r.shards[maphash.String(r.seed, c.id)%shardCount]
	s.mu.Lock()
	defer s.mu.Unlock()
	s.byID[c.id] = c
}

func (r *registry) remove(c *Client) {
	s := &r.shards[maphash.String(r.seed, c.id)%shardCount]
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.byID, c.id)
}

// all appends every client to into.
func (r *registry) all(into []*Client) []*Client {
	for i := range r.shards {
		s := &r.shards[i]
		s.mu.RLock()
		for _, c := range s.byID {
			into = append(into, c)
		}
		s.mu.RUnlock()
	}
	return into
}
