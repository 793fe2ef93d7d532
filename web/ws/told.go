package ws

import (
	"sync"
	"time"
)

// How often the log tells of what is alike: once in toldFor, and of a kind at most
// maxTold different ones in that time. What differs is a stranger's to choose.
const (
	toldFor = time.Minute
	maxTold = 16
)

// told counts what happens again and again, so that the log has a line of each
// without being flooded.
type told struct {
	mu          sync.Mutex // guards the following
	since       time.Time
	now, before map[toldKey]int // in this time, and in the one before
	different   map[string]int  // of each kind, in this time
}

type toldKey struct{ kind, what string }

// count says whether a line is due, and how many times it stands for: those since the
// last one too. What is too much of its kind to be told apart counts as one.
func (t *told) count(kind, what string, now time.Time) (times int, due bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.now == nil || now.Sub(t.since) >= toldFor {
		t.since, t.before = now, t.now
		t.now, t.different = make(map[toldKey]int), make(map[string]int)
	}
	key := toldKey{kind, what}
	if t.now[key] == 0 {
		if t.different[kind]++; t.different[kind] > maxTold {
			key.what = ""
		}
	}
	t.now[key]++
	return 1 + max(0, t.before[key]-1), t.now[key] == 1
}
