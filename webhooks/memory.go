package webhooks

import (
	"fmt"
	"log/slog"
	"slices"
	"sort"
	"sync"
	"time"
)

// Bounds of the letters in memory. Past one of the first two the oldest go.
const (
	maxLetters     = 10_000
	maxLetterBytes = 64 << 20
	letterLife     = 14 * 24 * time.Hour
	letterOverhead = 1 << 10 // what a letter weighs beside its event
)

// memory is the Letters of a process without a store.
type memory struct {
	log     *slog.Logger
	evicted func(endpoint string)

	mu    sync.Mutex // guards the following
	byID  map[string]*kept
	order []*kept // by key
	bytes int
	count map[string]int // by endpoint
}

type kept struct {
	*Letter
	key string // place in the list: the time of death, then the id
}

var _ Letters = (*memory)(nil)

// newMemory makes an empty one. evicted is told of each letter that had to go
// for newer ones.
func newMemory(log *slog.Logger, evicted func(endpoint string)) *memory {
	return &memory{log: log, evicted: evicted, byID: map[string]*kept{}, count: map[string]int{}}
}

func (m *memory) Keep(l *Letter) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.expire(time.Now())
	if k, ok := m.byID[l.Event.ID]; ok {
		m.again(k, l.Attempts)
		return
	}
	k := &kept{Letter: l, key: letterKey(l)}
	if n := len(m.order); n > 0 && k.key < m.order[n-1].key {
		at := sort.Search(n, func(i int) bool { return m.order[i].key > k.key })
		m.order = slices.Insert(m.order, at, k)
	} else {
		m.order = append(m.order, k)
	}
	m.byID[l.Event.ID] = k
	m.bytes += weight(l)
	m.count[l.Endpoint]++
	for len(m.order) > maxLetters || m.bytes > maxLetterBytes && len(m.order) > 1 {
		m.evict("there is no room for more dead letters: the oldest is gone")
	}
}

func (m *memory) Retried(id string, attempts []Attempt) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if k, ok := m.byID[id]; ok {
		m.again(k, attempts)
	}
}

// again replaces the letter by one with more attempts: others may be reading it.
func (m *memory) again(k *kept, attempts []Attempt) {
	l := *k.Letter
	l.Attempts = lastAttempts(l.Attempts, attempts)
	k.Letter = &l
}

func (m *memory) Find(id string) (*Letter, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.expire(time.Now())
	k, ok := m.byID[id]
	if !ok {
		return nil, false
	}
	return k.Letter, true
}

func (m *memory) Page(after string, limit int) (page []*Letter, last string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.expire(time.Now())
	from := sort.Search(len(m.order), func(i int) bool { return m.order[i].key > after })
	to := min(len(m.order), from+max(0, limit))
	for _, k := range m.order[from:to] {
		page = append(page, k.Letter)
	}
	if len(page) > 0 && to < len(m.order) {
		last = m.order[to-1].key
	}
	return page, last
}

func (m *memory) Drop(id string) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	k, ok := m.byID[id]
	if ok {
		m.remove(sort.Search(len(m.order), func(i int) bool { return m.order[i].key >= k.key }))
	}
	return ok
}

func (m *memory) Count(endpoint string) int {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.expire(time.Now())
	return m.count[endpoint]
}

// expire drops what is past its life.
func (m *memory) expire(now time.Time) {
	for len(m.order) > 0 && now.Sub(m.order[0].DiedAt) > letterLife {
		m.evict("a dead letter is past its 14 days and gone")
	}
}

func (m *memory) evict(why string) {
	l := m.order[0].Letter
	m.remove(0)
	m.evicted(l.Endpoint)
	m.log.Warn(why, "endpoint", l.Endpoint, "id", l.Event.ID, "died_at", l.DiedAt)
}

func (m *memory) remove(at int) {
	l := m.order[at].Letter
	m.order = slices.Delete(m.order, at, at+1)
	delete(m.byID, l.Event.ID)
	m.bytes -= weight(l)
	if m.count[l.Endpoint]--; m.count[l.Endpoint] == 0 {
		delete(m.count, l.Endpoint)
	}
}

// weight is roughly what a letter takes of the memory.
func weight(l *Letter) int { return l.Bytes + letterOverhead }

// letterKey orders letters by the time of their death.
func letterKey(l *Letter) string {
	return fmt.Sprintf("%019d %s", max(0, l.DiedAt.UnixNano()), l.Event.ID)
}
