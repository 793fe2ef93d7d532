package membership

import (
	"hash/fnv"
	"slices"
	"sort"
	"time"
)

// observers is how many next ones on the ring watch an incarnation's renewals.
const observers = 3

// table is what is known of the bucket. It holds hints: what it says was once true.
type table struct {
	self    string // the incarnation that watches
	entries map[string]sighting
	ids     []string // of the incarnations, sorted
	highest uint64   // revision seen
	watch   []string // whose renewals self is to watch
}

// sighting is an entry and when its revision was first seen.
type sighting struct {
	Entry
	seen time.Duration
}

func newTable(self string) *table { return &table{self: self, entries: map[string]sighting{}} }

// put takes an entry, and says whether it is news: revisions of a key only grow.
func (t *table) put(e Entry, now time.Duration) bool {
	old, there := t.entries[e.Key]
	if e.Revision <= old.Revision {
		return false
	}
	t.highest = max(t.highest, e.Revision)
	t.entries[e.Key] = sighting{e, now}
	if !isIncarnation(e.Key) {
		return true
	}
	if !there {
		i := sort.SearchStrings(t.ids, e.Record.Incarnation)
		t.ids = slices.Insert(t.ids, i, e.Record.Incarnation)
	}
	if !there || old.Record.State != e.Record.State {
		t.watch = t.behind()
	}
	return true
}

func (t *table) incarnation(id string) (sighting, bool) {
	s, ok := t.entries[IncarnationKey(id)]
	return s, ok && s.Record.State != Purged
}

func (t *table) revision(key string) uint64 { return t.entries[key].Revision }

// behind lists those who have self among their next alive ones of the ring.
func (t *table) behind() []string {
	i := sort.SearchStrings(t.ids, t.self)
	var back []string
	for n, alive := 1, 0; n < len(t.ids) && alive < observers; n++ {
		id := t.ids[(i-n+len(t.ids))%len(t.ids)]
		state := t.entries[IncarnationKey(id)].Record.State
		if !state.over() {
			back = append(back, id)
		}
		if state == Alive {
			alive++
		}
	}
	return back
}

// rank is self's place among those alive for a task: it spreads tasks evenly.
func (t *table) rank(task string) int {
	mine, rank := weight(task, t.self), 0
	for _, other := range t.ids {
		if other != t.self && t.entries[IncarnationKey(other)].Record.State == Alive && weight(task, other) < mine {
			rank++
		}
	}
	return rank
}

func weight(task, id string) uint64 {
	h := fnv.New64a()
	h.Write([]byte(task))
	h.Write([]byte{0})
	h.Write([]byte(id))
	x := h.Sum64() // FNV alone changes too little with its last bytes
	x ^= x >> 33
	x *= 0xff51afd7ed558ccd
	return x ^ x>>33
}
