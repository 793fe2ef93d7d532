package cluster

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"

	"gatepost/test/wait"
)

// witness is a Host that notes what it is asked for.
type witness struct {
	echo
	before func() error    // called before anything is noted; its error is the answer
	forget func(id string) // called for each client that is given up

	mu      sync.Mutex
	taken   []string // lost node's name, client and record of each copy taken over
	given   []string // clients given up
	adopted []string // node's name, key and value of each entry
}

func (w *witness) ask() error {
	if w.before == nil {
		return nil
	}
	return w.before()
}

func (w *witness) TakeOver(_ context.Context, lost Node, copies []Copy) error {
	if err := w.ask(); err != nil {
		return err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, c := range copies {
		w.taken = append(w.taken, fmt.Sprintf("%s %s %s", lost.Name, c.ClientID, c.Record))
	}
	return nil
}

func (w *witness) GiveUp(_ context.Context, clients []string) error {
	for _, id := range clients {
		w.forget(id)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.given = append(w.given, clients...)
	return nil
}

func (w *witness) Adopt(_ context.Context, from Node, entries []Entry) error {
	if err := w.ask(); err != nil {
		return err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, e := range entries {
		w.adopted = append(w.adopted, fmt.Sprintf("%s %s %s", from.Name, e.Key, e.Value))
	}
	return nil
}

func (w *witness) list(which *[]string) []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(*which)
}

// stage is a cluster whose hosts are witnesses.
type stage struct {
	*rig
	witnesses []*witness
	readLost  func(ctx context.Context, lost Node, fn func(string, string, []byte) error) error
}

func newStage(t *testing.T, on backdrop, nodes int) *stage {
	s := &stage{rig: newRig(t, on, nodes)}
	s.change = func(_ int, o *Options) { o.ReadLost = s.readLost }
	for i := range nodes {
		s.witnesses = append(s.witnesses, &witness{forget: func(id string) { s.disconnect(i, id) }})
	}
	return s
}

// enter starts nodes and waits until all that run hear each other.
func (s *stage) enter(which ...int) {
	s.t.Helper()
	var all sync.WaitGroup
	for _, i := range which {
		all.Go(func() {
			c, err := Open(s.t.Context(), s.options(i))
			if err == nil {
				s.nodes[i] = c
				err = c.Join(patient(s.t), s.witnesses[i])
			}
			if err != nil {
				s.t.Errorf("node %s: %v", nodeName(i), err)
			}
		})
	}
	all.Wait()
	if s.t.Failed() {
		s.t.FailNow()
	}
	s.awaitAll()
}

// running are the nodes that run.
func (s *stage) running() (which []int) {
	for i, c := range s.nodes {
		if c != nil {
			which = append(which, i)
		}
	}
	return which
}

func (s *stage) awaitAll() {
	s.t.Helper()
	for _, i := range s.running() {
		wait.Within(s.t, patience, "all hear each other, and the fences are open", func() bool {
			return len(s.nodes[i].hearing()) == len(s.running())-1 && s.nodes[i].Fence().Valid()
		})
	}
}

// behind are the other nodes in the order of the ring behind node i.
func (s *stage) behind(i int) (which []int) {
	for j := range s.nodes {
		if j != i {
			which = append(which, j)
		}
	}
	slices.SortFunc(which, func(a, b int) int {
		aWraps, bWraps := s.tag(a) < s.tag(i), s.tag(b) < s.tag(i)
		if aWraps != bWraps {
			if aWraps {
				return 1
			}
			return -1
		}
		return cmp.Compare(s.tag(a), s.tag(b))
	})
	return which
}

// under is what a node's State has under a prefix: keys without it, and values.
func (s *stage) under(i int, prefix string) map[string]string {
	got := map[string]string{}
	_ = s.states[i].Scan(prefix, func(key string, value []byte) error {
		got[strings.TrimPrefix(key, prefix)] = string(value)
		return nil
	})
	return got
}

// copied is what node i keeps of the clients of node owner.
func (s *stage) copied(i, owner int) map[string]string {
	return s.under(i, copyPrefix+s.tag(owner)+"/")
}

// recordPrefix is where a node's own clients are on record.
const recordPrefix = "c/"

// connect puts a client on record, as the gateway does.
func (s *stage) connect(i int, id, record string) Commit {
	s.states[i].Put(recordPrefix+id, []byte(record))
	return s.nodes[i].Copy(id, []byte(record))
}

func (s *stage) disconnect(i int, id string) {
	s.states[i].Delete(recordPrefix + id)
	s.nodes[i].Uncopy(id)
}

// connectMany connects n clients, and waits until their copies are kept.
func (s *stage) connectMany(i, n int) map[string]string {
	s.t.Helper()
	all := map[string]string{}
	var last Commit
	for j := range n {
		id, record := fmt.Sprintf("%s%dx%04d", s.tag(i), len(s.under(i, recordPrefix)), j), fmt.Sprintf("record %d", j)
		all[id] = record
		last = s.connect(i, id, record)
	}
	if err := last.Wait(patient(s.t)); err != nil {
		s.t.Fatal(err)
	}
	return all
}

// wantCopies waits until node i keeps exactly these records for owner.
func (s *stage) wantCopies(i, owner int, want map[string]string) {
	s.t.Helper()
	wait.Within(s.t, patience, fmt.Sprintf("node %s keeps the %d records of node %s", nodeName(i), len(want), nodeName(owner)), func() bool {
		return maps.Equal(s.copied(i, owner), want)
	})
}
