package cluster

import (
	"fmt"
	"math"
	"testing"
	"time"
)

func changeOf(n int) change { return change{digestOf(UID, fmt.Sprint(n)), byte(UID)} }

// The log gives what is behind a number, as long as it keeps it.
func TestChangeLog(t *testing.T) {
	var l changeLog
	l.append(changeOf(1), false)
	if got, ok := l.behind(0, 10); ok {
		t.Errorf("a change that nobody wanted is kept: %v", got)
	}
	for n := 2; n <= 10; n++ {
		l.append(changeOf(n), true)
	}
	for _, c := range []struct {
		behind  uint64
		atMost  int
		first   int
		changes int
		ok      bool
	}{
		{1, 100, 2, 9, true},
		{1, 3, 2, 3, true},
		{9, 100, 10, 1, true},
		{10, 100, 0, 0, true},
		{11, 100, 0, 0, false},
		{math.MaxUint64, 100, 0, 0, false},
		{0, 100, 0, 0, false},
	} {
		got, ok := l.behind(c.behind, c.atMost)
		if ok != c.ok || len(got) != c.changes || len(got) > 0 && got[0] != changeOf(c.first) {
			t.Errorf("behind %d: %d changes, %v; want %d, %v", c.behind, len(got), ok, c.changes, c.ok)
		}
	}
	l.trim(8)
	if _, ok := l.behind(7, 1); ok {
		t.Error("what was trimmed is there")
	}
	if got, ok := l.behind(8, 10); !ok || len(got) != 2 || got[0] != changeOf(9) {
		t.Errorf("behind 8: %v, %v", got, ok)
	}
	l.trim(100)
	if l.kept != nil || l.last != 10 {
		t.Errorf("kept %v up to %d", l.kept, l.last)
	}
	for n := range changeLimit + 10 {
		l.append(changeOf(n), true)
	}
	if len(l.kept) > changeLimit {
		t.Errorf("%d changes are kept, at most %d", len(l.kept), changeLimit)
	}
}

// settledBy says whether a waiting is over.
func (w *settling) settledBy() bool {
	select {
	case <-w.done:
		return true
	default:
		return false
	}
}

// A peer gets changes once it has all names, gathered while it owes an answer, and
// again if it goes on owing it; Settle waits for those that can be heard.
func TestFollowers(t *testing.T) {
	var f followers
	now := time.Now()
	f.changed(changeOf(1))
	if f.settled() < 1 {
		t.Fatal("alone, somebody is waited for")
	}
	a, b := f.heard("a", "1"), f.heard("b", "1")
	if _, got := f.next(a, now, time.Second); got != nil {
		t.Fatalf("a has no names, but is sent changes: %v", got)
	}
	w, lacking := f.wait(1)
	if w == nil || len(lacking) != 2 {
		t.Fatalf("waiting for %d peers, want 2", len(lacking))
	}
	f.began(a)
	f.changed(changeOf(2))
	f.began(b)
	f.finished(a, true)
	f.finished(b, true)
	if !w.settledBy() {
		t.Error("both have all names as of change 1, but it isn't settled")
	}
	first, got := f.next(a, now, time.Second)
	if first != 2 || len(got) != 1 || got[0] != changeOf(2) {
		t.Fatalf("a is sent %v from %d on", got, first)
	}
	if _, got := f.next(b, now, time.Second); got != nil {
		t.Errorf("b has change 2 by its names, but is sent %v", got)
	}
	f.changed(changeOf(3))
	f.changed(changeOf(4))
	if _, got := f.next(a, now, time.Second); got != nil {
		t.Error("a owes an answer, but is sent more")
	}
	if first, got = f.next(a, now.Add(2*time.Second), time.Second); first != 2 || len(got) != 3 {
		t.Errorf("a is sent %d changes from %d on, want 3 from 2", len(got), first)
	}
	w, _ = f.wait(4)
	f.acknowledged(a, 4)
	f.acknowledged(a, 3) // overtaken
	f.acknowledged(a, 9) // nonsense
	if a.acked != 4 || w.settledBy() {
		t.Errorf("a has %d; settled without b: %v", a.acked, w.settledBy())
	}
	f.silence("b")
	if !w.settledBy() {
		t.Error("b is silent, but waited for")
	}
	if got := f.stopWaiting(w, []*follower{a, b}); len(got) != 1 || got[0] != b {
		t.Errorf("%d lack the change, want b", len(got))
	}
	if f.settled() != 4 {
		t.Errorf("settled up to %d, want 4", f.settled())
	}

	// b comes back and goes on where it was; as a new incarnation it has nothing.
	if f.heard("b", "1") != b || f.settled() != 2 {
		t.Errorf("settled up to %d, want 2", f.settled())
	}
	if first, got = f.next(b, now, time.Second); first != 3 || len(got) != 2 {
		t.Errorf("b is sent %d changes from %d on, want 2 from 3", len(got), first)
	}
	again := f.heard("b", "2")
	if again == b || again.whole || f.settled() != 0 {
		t.Error("a new incarnation has something")
	}
	w, _ = f.wait(4)
	f.remove("b")
	if !w.settledBy() {
		t.Error("b has gone, but is waited for")
	}
	if len(f.log.kept) != 0 {
		t.Errorf("%d changes are kept for nobody", len(f.log.kept))
	}

	// One that lacks more than is kept wants all names.
	for n := range changeLimit + 1 {
		f.changed(changeOf(n))
	}
	if _, got := f.next(a, now.Add(time.Hour), time.Second); got != nil || a.whole {
		t.Error("a lacks more than is kept, but isn't sent all names")
	}
}
