package jetstream

import "sync"

// cache holds the messages that were read last: what was written together is
// often read together. At most four, so at most 4 MiB.
type cache struct {
	mu       sync.Mutex
	messages [4]cached
	next     int
}

type cached struct {
	seq  uint64
	data []byte
}

func newCache() *cache { return &cache{} }

func (c *cache) get(seq uint64) []byte {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, m := range c.messages {
		if m.seq == seq {
			return m.data
		}
	}
	return nil
}

func (c *cache) put(seq uint64, data []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.messages[c.next] = cached{seq, data}
	c.next = (c.next + 1) % len(c.messages)
}

func (c *cache) drop() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.messages = [4]cached{}
}
