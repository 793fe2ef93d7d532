package webhooks

import (
	"fmt"
	"log/slog"
	"sort"
	"sync"
	"time"
)

// Bounds of the letters in memory. Past one of the first two the oldest go: those
// of the newest letter's own address, if that fills more than its share.
const (
	maxLetters     = 10_000
	maxLetterBytes = 64 << 20
	letterLife     = 14 * 24 * time.Hour
	letterOverhead = 1 << 10 // what a letter weighs beside its event
	// addressShare is which part of the room an address may fill at others' cost.
	addressShare = 4
)

// memory is the Letters of a process without a store.
type memory struct {
	leaving *quiet // letters that had to go
	evicted func(endpoint string)

	mu    sync.Mutex // guards the following
	byID  map[string]*kept
	pile  // all of them
	addrs map[string]*pile
	count map[string]int // by endpoint
}

type kept struct {
	*Letter
	key string // place in the list: the time of death, then the id
	own *pile  // its address's
}

var _ Letters = (*memory)(nil)

// newMemory makes an empty one. evicted is told of each letter that had to go
// for newer ones.
func newMemory(log *slog.Logger, evicted func(endpoint string)) *memory {
	return &memory{leaving: newQuiet(log, slog.LevelWarn), evicted: evicted, byID: map[string]*kept{}, addrs: map[string]*pile{}, count: map[string]int{}}
}

func (m *memory) Keep(l *Letter) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.expire(time.Now())
	if k, ok := m.byID[l.Event.ID]; ok {
		m.again(k, l.Attempts)
		return
	}
	addr := subscriber(l.Event.Data.RemoteAddr)
	if m.addrs[addr] == nil {
		m.addrs[addr] = &pile{}
	}
	k := &kept{Letter: l, key: letterKey(l), own: m.addrs[addr]}
	m.put(k)
	k.own.put(k)
	m.byID[l.Event.ID] = k
	m.count[l.Endpoint]++
	for m.over(1) {
		oldest := m.order[0]
		if k.own.over(addressShare) {
			oldest = k.own.order[0]
		}
		m.evict(oldest, "there is no room for more dead letters: the oldest is gone")
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
		m.remove(k)
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
		m.evict(m.order[0], "a dead letter is past its 14 days and gone")
	}
}

func (m *memory) evict(k *kept, why string) {
	m.remove(k)
	m.evicted(k.Endpoint)
	m.leaving.say(why, slog.String("endpoint", k.Endpoint), slog.String("id", k.Event.ID), slog.Time("died_at", k.DiedAt))
}

func (m *memory) remove(k *kept) {
	m.drop(k)
	k.own.drop(k)
	if len(k.own.order) == 0 {
		delete(m.addrs, subscriber(k.Event.Data.RemoteAddr))
	}
	delete(m.byID, k.Event.ID)
	if m.count[k.Endpoint]--; m.count[k.Endpoint] == 0 {
		delete(m.count, k.Endpoint)
	}
}

// weight is roughly what a letter takes of the memory.
func weight(l *Letter) int { return l.Bytes + letterOverhead }

// letterKey orders letters by the time of their death.
func letterKey(l *Letter) string {
	return fmt.Sprintf("%019d %s", max(0, l.DiedAt.UnixNano()), l.Event.ID)
}
