package cluster

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"gatepost/test/wait"
)

// takenOf counts how often each client was taken over, on all nodes.
func (s *stage) takenOf() map[string]int {
	got := map[string]int{}
	for _, w := range s.witnesses {
		for _, t := range w.list(&w.taken) {
			got[t]++
		}
	}
	return got
}

func takenWant(node int, records map[string]string) map[string]int {
	want := map[string]int{}
	for id, record := range records {
		want[fmt.Sprintf("%s %s %s", nodeName(node), id, record)] = 1
	}
	return want
}

func (s *stage) wantTaken(node int, records map[string]string) {
	s.t.Helper()
	want := takenWant(node, records)
	wait.Within(s.t, patience, fmt.Sprintf("the %d clients of node %s are taken over", len(want), nodeName(node)), func() bool { return len(s.takenOf()) >= len(want) })
	wait.Stays(s.t, "each once", 5*glance, func() bool { return maps.Equal(s.takenOf(), want) })
}

// listed is the clients that node i knows to have been taken over.
func (s *stage) listed(i int) map[string]bool {
	got := map[string]bool{}
	for key, text := range s.under(i, listPrefix) {
		if strings.Contains(key, "=") {
			continue
		}
		if l, err := parseList([]byte(text)); err == nil {
			for _, id := range l.Clients {
				got[id] = true
			}
		}
	}
	return got
}

func (s *stage) wantListed(i int, records map[string]string) {
	s.t.Helper()
	wait.Within(s.t, patience, fmt.Sprintf("node %s lists the %d clients", nodeName(i), len(records)), func() bool {
		got := s.listed(i)
		for id := range records {
			if !got[id] {
				return false
			}
		}
		return len(got) == len(records)
	})
}

// The clients of a node that is lost are taken over by one of the others, each once;
// both know them, and keep no copies. When the node is back it gives them up.
func TestTakeOverOnce(t *testing.T) {
	t.Parallel()
	s := newStage(t, newRouted(t, 4), 4)
	s.enter(0, 1, 2, 3)
	all := s.connectMany(0, 2500)
	ring := s.behind(0)
	s.stop(0)
	s.wantTaken(0, all)
	if got := s.witnesses[ring[0]].list(&s.witnesses[ring[0]].taken); len(got) != len(all) {
		t.Errorf("the next node took %d of %d", len(got), len(all))
	}
	for _, i := range ring {
		s.wantListed(i, all)
		s.wantCopies(i, 0, nil)
	}
	later := s.connectMany(ring[0], 3)

	s.enter(0)
	w := s.witnesses[0]
	got := w.list(&w.given)
	slices.Sort(got)
	if want := slices.Sorted(maps.Keys(all)); !slices.Equal(got, want) {
		t.Errorf("%d clients are given up, want %d", len(got), len(want))
	}
	for _, i := range ring {
		wait.Within(t, patience, "the lists are dropped", func() bool { return len(s.listed(i)) == 0 })
	}
	fresh := s.connectMany(0, 5)
	s.wantCopies(ring[0], 0, fresh)
	if got := s.behind(ring[0])[:2]; slices.Contains(got, 0) {
		s.wantCopies(0, ring[0], later)
	}
}

// A node that is cut off is declared lost; healed, it gives up what was taken over, and
// is a member again that others can count on.
func TestCutOffAndBack(t *testing.T) {
	t.Parallel()
	s := newStage(t, newRouted(t, 3), 3)
	s.enter(0, 1, 2)
	all := s.connectMany(0, 20)
	s.hold(0, UID, "u", true)
	s.net.set(true, s.tag(0), s.tag(1), s.tag(2))
	s.wantTaken(0, all)
	unseen := s.connect(0, "unseen", "nobody knows")
	if err := unseen.Wait(patient(t)); err != nil {
		t.Fatal(err)
	}
	s.hold(0, UID, "late", true)
	s.wantHolders(1, "u")
	s.net.set(false, s.tag(0), s.tag(1), s.tag(2))
	w := s.witnesses[0]
	wait.Within(t, patience, "it gives them up", func() bool { return len(w.list(&w.given)) > 0 })
	if got := w.list(&w.given); len(got) != len(all) || slices.Contains(got, "unseen") {
		t.Errorf("%d clients are given up, want %d, and not the one that nobody knew", len(got), len(all))
	}
	s.awaitAll()
	s.nodes[0].Hold(UID, "after", true)
	wait.Within(t, patience, "all know", func() bool { return s.nodes[0].Settle(t.Context()) == nil })
	s.wantHolders(1, "u", 0)
	s.wantHolders(1, "late", 0)
	s.wantHolders(2, "after", 0)
	s.wantCopies(1, 0, map[string]string{"unseen": "nobody knows"})
	s.wantCopies(2, 0, map[string]string{"unseen": "nobody knows"})
}

// If the node that takes clients over dies in the middle, the other holder takes all;
// what is taken over twice has the same ids.
func TestTakerDies(t *testing.T) {
	t.Parallel()
	s := newStage(t, newRouted(t, 4), 4)
	ring := s.behind(0)
	reached := make(chan struct{})
	var calls atomic.Int32
	s.witnesses[ring[0]].before = func() error {
		if calls.Add(1) == 2 { // the second part
			close(reached)
		}
		if calls.Load() >= 2 {
			return errors.New("it is dying")
		}
		return nil
	}
	s.enter(0, 1, 2, 3)
	all := s.connectMany(0, 1500)
	s.stop(0)
	select {
	case <-reached:
	case <-time.After(patience):
		t.Fatal("the next node doesn't take over")
	}
	s.stop(ring[0])
	second := s.witnesses[ring[1]]
	wait.Within(t, patience, "the second holder takes all", func() bool { return len(second.list(&second.taken)) == len(all) })
	if got := s.witnesses[ring[2]].list(&s.witnesses[ring[2]].taken); len(got) != 0 {
		t.Errorf("a node without copies took over %d", len(got))
	}
	s.wantListed(ring[1], all)
	s.wantListed(ring[2], all)
}

// What a node has begun it goes on with after a restart.
func TestTakeOverAfterARestart(t *testing.T) {
	t.Parallel()
	s := newStage(t, newRouted(t, 3), 3)
	s.enter(0, 1, 2)
	all := s.connectMany(0, 30)
	var failing atomic.Bool
	failing.Store(true)
	for _, w := range s.witnesses {
		w.before = func() error {
			if failing.Load() {
				return errors.New("not now")
			}
			return nil
		}
	}
	s.stop(0)
	first := s.behind(0)[0]
	wait.Within(t, patience, "the next node begins", func() bool { return len(s.listed(first)) == len(all) })
	s.stop(first)
	s.enter(first)
	failing.Store(false)
	s.wantTaken(0, all)
}

// A node that comes back at once, but with nothing, has its earlier clients closed by
// the others, and copies of the new ones.
func TestBackWithNothing(t *testing.T) {
	t.Parallel()
	s := newStage(t, newRouted(t, 3), 3)
	s.enter(0, 1, 2)
	all := s.connectMany(0, 30)
	s.stop(0)
	s.states[0] = newMemory()
	s.enter(0)
	s.wantTaken(0, all)
	fresh := s.connectMany(0, 5)
	s.wantCopies(1, 0, fresh)
	s.wantCopies(2, 0, fresh)
}

// A node that restarts with what it had keeps its clients.
func TestBackInTime(t *testing.T) {
	t.Parallel()
	s := newStage(t, newRouted(t, 3), 3)
	s.timing = calm
	s.enter(0, 1, 2)
	all := s.connectMany(0, 30)
	s.stop(0)
	s.enter(0)
	wait.Stays(t, "nothing is taken over", calm.lease+2*calm.margin, func() bool { return len(s.takenOf()) == 0 })
	s.wantCopies(1, 0, all)
	s.wantCopies(2, 0, all)
}

// Of two nodes nobody takes anything over until somebody says that the other is lost.
func TestForgottenNode(t *testing.T) {
	t.Parallel()
	s := newStage(t, newRouted(t, 2), 2)
	s.enter(0, 1)
	all := s.connectMany(0, 30)
	s.stop(0)
	wait.Within(t, patience, "it is silent", func() bool { return s.sees(1) == "(a)" })
	wait.Stays(t, "nothing is taken over", quick.lease+2*quick.margin, func() bool { return len(s.takenOf()) == 0 })
	if err := s.nodes[1].Forget(patient(t), "a"); err != nil {
		t.Fatal(err)
	}
	s.wantTaken(0, all)
}

// On an external NATS the next node adopts what the lost one's journal says, once;
// back again it gives those clients up.
func TestTakeOverTheJournal(t *testing.T) {
	t.Parallel()
	s := newStage(t, newOutside(t), 3)
	journal := []struct{ client, key, value string }{
		{"c0", "1", "letter"}, {"c1", "2", "event"}, {"c2", "3", "message"}, {"c2", "4", "record"}, {"", "end", ""},
	}
	var reads atomic.Int32
	s.readLost = func(_ context.Context, lost Node, fn func(string, string, []byte) error) error {
		reads.Add(1)
		if lost.Name != "a" || lost.Tag != s.tag(0) {
			t.Errorf("the journal of %+v is read", lost)
		}
		for _, e := range journal {
			if err := fn(e.client, e.key, []byte(e.value)); err != nil {
				return err
			}
		}
		return nil
	}
	s.enter(0, 1, 2)
	s.stop(0)
	next := s.witnesses[s.behind(0)[0]]
	wait.Within(t, patience, "the next node adopts it", func() bool { return len(next.list(&next.adopted)) > 0 })
	want := []string{"a 1 letter", "a 2 event", "a 3 message", "a 4 record", "a end "}
	if got := next.list(&next.adopted); !slices.Equal(got, want) {
		t.Errorf("adopted %q, want %q", got, want)
	}
	clients := map[string]string{"c0": "", "c1": "", "c2": ""}
	s.wantListed(1, clients)
	s.wantListed(2, clients)
	wait.Stays(t, "the journal was read once", 3*glance, func() bool { return reads.Load() == 1 })
	s.enter(0)
	w := s.witnesses[0]
	if got := w.list(&w.given); len(got) != 3 {
		t.Errorf("given up %v, want the three clients", got)
	}
	if n := reads.Load(); n != 1 {
		t.Errorf("the journal was read %d times", n)
	}
}
