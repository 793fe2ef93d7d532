package cluster

import (
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"gatepost/test/wait"
)

// When Wait has returned the two next nodes have the record, and nobody else; and no
// longer when it has been taken away.
func TestCopiesOnTheNextTwoNodes(t *testing.T) {
	t.Parallel()
	s := newStage(t, newRouted(t, 4), 4)
	s.timing = calm
	s.states[0].Put(recordPrefix+"earlier", []byte("kept"))
	s.enter(0, 1, 2, 3)
	ring := s.behind(0)
	want := s.connectMany(0, 50)
	for _, i := range ring[:2] {
		got := s.copied(i, 0)
		for id, record := range want {
			if got[id] != record {
				t.Fatalf("node %s has %q of %s, want %q", nodeName(i), got[id], id, record)
			}
		}
	}
	want["earlier"] = "kept"
	s.wantCopies(ring[0], 0, want)
	s.wantCopies(ring[1], 0, want)
	s.wantCopies(ring[2], 0, nil)
	for id := range want {
		if len(want) == 10 {
			break
		}
		s.disconnect(0, id)
		delete(want, id)
	}
	s.wantCopies(ring[0], 0, want)
	s.wantCopies(ring[1], 0, want)
}

// Alone there is nobody to wait for; of two nodes each has the other's.
func TestCopiesOfFewNodes(t *testing.T) {
	t.Parallel()
	s := newStage(t, newRouted(t, 2), 2)
	s.enter(0)
	alone := s.connectMany(0, 5)
	s.enter(1)
	s.wantCopies(1, 0, alone)
	maps.Copy(alone, s.connectMany(0, 5))
	other := s.connectMany(1, 5)
	s.wantCopies(1, 0, alone)
	s.wantCopies(0, 1, other)
	s.stop(1)
	commit := s.connect(0, "x", "y") // waits until the other one is silent
	if err := commit.Wait(patient(t)); err != nil {
		t.Error(err)
	}
	s.enter(1)
	alone["x"] = "y"
	s.wantCopies(1, 0, alone)
}

// With an external NATS nothing is copied.
func TestNoCopiesWithAnExternalNATS(t *testing.T) {
	t.Parallel()
	s := newStage(t, newOutside(t), 2)
	s.enter(0, 1)
	s.connectMany(0, 5)
	if got := s.under(1, copyPrefix); len(got) != 0 {
		t.Errorf("copies %v", got)
	}
}

// When a holder goes the next node takes its place; when it is back, that one drops
// what it had. What changes meanwhile is missed by nobody.
func TestCopiesFollowTheMembers(t *testing.T) {
	t.Parallel()
	s := newStage(t, newRouted(t, 4), 4)
	s.enter(0, 1, 2, 3)
	ring := s.behind(0)
	all := s.connectMany(0, 2000)
	churn, stop := sync.WaitGroup{}, make(chan struct{})
	var mu sync.Mutex
	for w := range 2 {
		churn.Go(func() {
			r := rand.New(rand.NewPCG(1, uint64(w)))
			for n := 0; ; n++ {
				select {
				case <-stop:
					return
				default:
				}
				id := fmt.Sprintf("%s-w%d-%d", s.tag(0), w, r.IntN(200))
				mu.Lock()
				_, there := all[id]
				mu.Unlock()
				switch {
				case there && r.IntN(2) == 0:
					s.disconnect(0, id)
					mu.Lock()
					delete(all, id)
					mu.Unlock()
				default:
					record := fmt.Sprint("change ", n)
					commit := s.connect(0, id, record)
					mu.Lock()
					all[id] = record
					mu.Unlock()
					if n%10 == 0 {
						if err := commit.Wait(t.Context()); err != nil {
							t.Error(err)
						}
					}
				}
				time.Sleep(100 * time.Microsecond)
			}
		})
	}
	s.stop(ring[0])
	wait.Within(t, patience, "the third holds copies", func() bool { return len(s.copied(ring[2], 0)) >= 2000 })
	s.enter(ring[0])
	wait.Within(t, patience, "the third has dropped them", func() bool { return len(s.copied(ring[2], 0)) == 0 })
	close(stop)
	churn.Wait()
	s.wantCopies(ring[0], 0, all)
	s.wantCopies(ring[1], 0, all)
	s.wantCopies(ring[2], 0, nil)
	wait.Within(t, patience, "the third knows of no copies", func() bool { return len(s.under(ring[2], wardPrefix+s.tag(0))) == 0 })
}

// A holder whose State can't keep copies is passed over for a while.
func TestCopiesPassOverAFullNode(t *testing.T) {
	t.Parallel()
	s := newStage(t, newRouted(t, 4), 4)
	s.timing = calm
	s.enter(0, 1, 2, 3)
	ring := s.behind(0)
	all := s.connectMany(0, 10)
	s.wantCopies(ring[0], 0, all)
	s.wantCopies(ring[1], 0, all)
	full := s.states[ring[0]]
	full.mu.Lock()
	full.fails = errors.New("disk full")
	full.mu.Unlock()
	maps.Copy(all, s.connectMany(0, 10))
	s.wantCopies(ring[1], 0, all)
	s.wantCopies(ring[2], 0, all)
}

// A node that leaves in order leaves no copies behind.
func TestCopiesOfOneThatLeft(t *testing.T) {
	t.Parallel()
	s := newStage(t, newRouted(t, 3), 3)
	s.timing = calm
	s.enter(0, 1, 2)
	all := s.connectMany(0, 10)
	s.wantCopies(1, 0, all)
	s.wantCopies(2, 0, all)
	if err := s.nodes[0].Leave(patient(t)); err != nil {
		t.Fatal(err)
	}
	s.stop(0)
	s.wantCopies(1, 0, nil)
	s.wantCopies(2, 0, nil)
	for _, i := range []int{1, 2} {
		if got := s.witnesses[i].list(&s.witnesses[i].taken); len(got) != 0 {
			t.Errorf("node %s took over %v", nodeName(i), got)
		}
	}
}
