package cluster

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"gatepost/test/wait"
)

// hold tells a node of a name and waits until all know.
func (s *stage) hold(i int, kind Kind, name string, present bool) {
	s.t.Helper()
	s.nodes[i].Hold(kind, name, present)
	if late := s.nodes[i].Settle(s.t.Context()); late != nil {
		s.t.Fatalf("node %s: %v don't know of %q", nodeName(i), late, name)
	}
}

// wantHolders checks at once which other nodes hold a uid, as node i sees it.
func (s *stage) wantHolders(i int, uid string, holders ...int) {
	s.t.Helper()
	var want []string
	for _, h := range holders {
		want = append(want, s.tag(h))
	}
	slices.Sort(want)
	if got := s.nodes[i].Holders([]string{uid}, nil); !slices.Equal(got, want) {
		s.t.Errorf("node %s: holders of %q are %v, want %v", nodeName(i), uid, got, want)
	}
	if got := s.nodes[i].Elsewhere(UID, uid); got != (len(want) > 0) {
		s.t.Errorf("node %s: %q elsewhere: %v", nodeName(i), uid, got)
	}
}

// What one node holds when Settle has returned, all others know, whatever the name;
// and no longer when the last client is gone.
func TestSettledNamesAreKnown(t *testing.T) {
	t.Parallel()
	both(t, 4, func(t *testing.T, on backdrop) {
		s := newStage(t, on, 4)
		s.timing = calm
		s.enter(0, 1, 2)
		odd := "a.*.> /%\x00ü"
		s.hold(0, UID, odd, true)
		s.wantHolders(1, odd, 0)
		s.wantHolders(2, odd, 0)
		s.wantHolders(0, odd)
		s.hold(1, UID, odd, true)
		s.hold(1, Group, "room", true)
		s.wantHolders(0, odd, 1)
		s.wantHolders(2, odd, 0, 1)
		s.wantHolders(2, "room")
		if got := s.nodes[2].Holders([]string{odd}, []string{"room"}); len(got) != 2 {
			t.Errorf("holders of both: %v", got)
		}
		for i := range 3 {
			if uids, groups := s.nodes[i].Names(UID), s.nodes[i].Names(Group); uids != 1 || groups != 1 {
				t.Errorf("node %s: %d uids, %d groups; want 1, 1", nodeName(i), uids, groups)
			}
		}
		firsts := 0
		for i := range 3 {
			if s.nodes[i].FirstHolder(UID, odd) {
				firsts++
			}
		}
		if firsts != 1 || s.nodes[2].FirstHolder(UID, odd) {
			t.Errorf("%d nodes are the first holder", firsts)
		}

		// A node that comes later knows when it has joined.
		s.enter(3)
		s.wantHolders(3, odd, 0, 1)
		s.hold(3, UID, "late", true)
		s.wantHolders(0, "late", 3)

		s.hold(0, UID, odd, false)
		s.wantHolders(1, odd)
		s.wantHolders(2, odd, 1)
		s.hold(1, UID, odd, false)
		s.wantHolders(2, odd)
		if got := s.nodes[2].Names(UID); got != 1 {
			t.Errorf("%d uids, want 1", got)
		}
	})
}

// Whatever comes and goes at once on several nodes, each Settle keeps its promise, and
// in the end all have one picture.
func TestDirectoryUnderLoad(t *testing.T) {
	s := newStage(t, newRouted(t, 3), 3)
	s.timing = calm
	s.enter(0, 1, 2)
	const workers, rounds, names = 4, 150, 40
	var all sync.WaitGroup
	held := make([]map[string]bool, 3)
	var mu sync.Mutex
	for i := range held {
		held[i] = map[string]bool{}
		for w := range workers {
			all.Go(func() {
				r := rand.New(rand.NewPCG(uint64(i), uint64(w)))
				for range rounds {
					name := fmt.Sprintf("%d-%d", w, r.IntN(names)) // each worker has names of its own
					present := r.IntN(2) == 0
					s.nodes[i].Hold(UID, name, present)
					mu.Lock()
					held[i][name] = present
					mu.Unlock()
					if late := s.nodes[i].Settle(t.Context()); late != nil {
						t.Errorf("%v don't know in time", late)
					}
					for j := range s.nodes {
						if j != i && slices.Contains(s.nodes[j].Holders([]string{name}, nil), s.tag(i)) != present {
							t.Errorf("node %d doesn't know that node %d holds %q: %v", j, i, name, present)
						}
					}
				}
			})
		}
	}
	all.Wait()
	for i := range held {
		for j := range s.nodes {
			for name, present := range held[i] {
				if j != i && slices.Contains(s.nodes[j].Holders([]string{name}, nil), s.tag(i)) != present {
					t.Errorf("in the end node %d doesn't know that node %d holds %q: %v", j, i, name, present)
				}
			}
		}
	}
	for i := range s.nodes {
		d := s.nodes[i].directory
		d.mu.Lock()
		if len(d.followers.log.kept) != 0 || len(d.followers.waiting) != 0 {
			t.Errorf("node %d keeps %d changes and %d waiting calls for nobody", i, len(d.followers.log.kept), len(d.followers.waiting))
		}
		d.mu.Unlock()
	}
}

// A peer that stops answering is named, and not waited for once it is silent; when it
// is back it catches up, by changes or by all names.
func TestSettleWithoutAPeer(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name    string
		changes int
	}{{"few changes", 10}, {"more than are kept", changeLimit + 10}} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t, newRouted(t, 3), 3)
			s.timing = calm
			s.timing.call = 2 * time.Second // before anybody is silent
			s.enter(0, 1, 2)
			s.hold(0, UID, "before", true)
			s.net.set(true, s.tag(0), s.tag(2))
			s.nodes[0].Hold(UID, "cut", true)
			begun := time.Now()
			late := s.nodes[0].Settle(t.Context())
			if len(late) != 1 || late[0].Tag != s.tag(2) {
				t.Errorf("late are %v, want c", late)
			}
			if took := time.Since(begun); took > 2*s.timing.call {
				t.Errorf("that took %v", took)
			}
			s.wantHolders(1, "cut", 0)
			wait.Within(t, patience, "c is silent for a", func() bool { return s.sees(0) == "b (c)" })
			s.nodes[0].Hold(UID, "silent", true)
			wait.Within(t, patience, "nobody is late", func() bool { return s.nodes[0].Settle(t.Context()) == nil })
			s.nodes[0].Hold(UID, "before", false)
			for i := range c.changes {
				s.nodes[0].Hold(UID, "many", i%2 == 0)
			}
			s.net.set(false, s.tag(0), s.tag(2))
			wait.Within(t, patience, "a hears c", func() bool { return s.sees(0) == "b c" })
			wait.Within(t, patience, "all is settled", func() bool { return s.nodes[0].Settle(t.Context()) == nil })
			s.wantHolders(2, "cut", 0)
			s.wantHolders(2, "silent", 0)
			s.wantHolders(2, "before")
			s.wantHolders(1, "before")
		})
	}
}

// slowState keeps nothing while it is held.
type slowState struct {
	*memory
	held sync.RWMutex
}

func (s *slowState) Put(key string, value []byte) Commit {
	s.held.RLock()
	defer s.held.RUnlock()
	return s.memory.Put(key, value)
}

// A peer is waited for from the moment at which it counts as one that can be heard, also
// while a slow disk doesn't let anybody be told of it.
func TestSettleWaitsForWhoIsHeardJustNow(t *testing.T) {
	t.Parallel()
	s := newStage(t, newRouted(t, 2), 2)
	slow := &slowState{memory: s.states[0]}
	s.change = func(i int, o *Options) {
		if i == 0 {
			o.State = slow
		}
	}
	s.enter(0, 1)
	s.net.set(true, s.tag(0), s.tag(1))
	wait.Within(t, patience, "b is silent for a", func() bool { return s.sees(0) == "(b)" })
	slow.held.Lock()
	defer slow.held.Unlock()
	c := s.nodes[0]
	c.mu.Lock()
	c.roster.change()
	c.mu.Unlock()
	s.net.set(false, s.tag(0), s.tag(1))
	wait.Within(t, patience, "b is heard", func() bool { return s.sees(0) == "b" })
	c.Hold(UID, "u", true)
	if late := c.Settle(t.Context()); late == nil {
		s.wantHolders(1, "u", 0)
	}
}

// The names of a node that is lost are dropped, those of a silent one not; after a
// restart there are only those that it holds then.
func TestNamesOfTheLost(t *testing.T) {
	t.Parallel()
	s := newStage(t, newRouted(t, 3), 3)
	s.timing.call = patience
	s.enter(0, 1, 2)
	s.hold(2, UID, "u", true)
	s.hold(2, UID, "gone", true)
	s.hold(1, UID, "u", true)
	s.stop(2)
	wait.Within(t, patience, "c is silent", func() bool { return s.sees(0) == "b (c)" })
	s.wantHolders(0, "u", 1, 2)
	wait.Within(t, patience, "c is lost", func() bool { return s.sees(0) == "b" })
	wait.Within(t, patience, "its names are dropped", func() bool { return len(s.nodes[0].Holders([]string{"gone"}, nil)) == 0 })
	s.wantHolders(0, "u", 1)
	if got := s.nodes[0].Names(UID); got != 1 {
		t.Errorf("%d uids, want 1", got)
	}
	s.enter(2)
	s.wantHolders(2, "u", 1)
	s.wantHolders(0, "gone")
	s.hold(2, UID, "again", true)
	s.wantHolders(0, "again", 2)

	// One that restarts at once, too.
	s.stop(1)
	s.enter(1)
	wait.Within(t, patience, "b holds nothing any more", func() bool { return len(s.nodes[0].Holders([]string{"u"}, nil)) == 0 })
	s.wantHolders(1, "again", 2)
}
