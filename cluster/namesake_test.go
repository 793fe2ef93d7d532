package cluster

import (
	"fmt"
	"testing"
	"time"
)

// run lets time pass, and fails once something ceases to hold; nil: nothing has to.
func (w *world) run(d time.Duration, what string, holds func() bool) {
	w.t.Helper()
	for end := w.now.boot + d; w.now.boot < end; {
		w.step()
		if holds != nil && !holds() {
			w.fail("not any more: %s", what)
		}
	}
}

// until lets time pass until something is so.
func (w *world) until(d time.Duration, what string, is func() bool) {
	w.t.Helper()
	for end := w.now.boot + d; w.now.boot < end; {
		if w.step(); is() {
			return
		}
	}
	w.fail("not after %v: %s", d, what)
}

// one says whether these nodes, by their numbers, are members of each other as the
// processes that they are.
func (w *world) one(which ...int) func() bool {
	return func() bool {
		for _, i := range which {
			n := w.nodes[i]
			if n.state != serving || len(n.members) != len(which)-1 {
				return false
			}
			for _, j := range which {
				if m := n.members[w.nodes[j].tag]; j != i && (m == nil || m.inc != w.nodes[j].inc || !m.hearing || !m.confirmed) {
					return false
				}
			}
		}
		return true
	}
}

// intrude adds a process that has the first node's name, and that it can't reach.
func (w *world) intrude(disk *record) *simulated {
	n := &simulated{name: w.nodes[0].name, disk: disk}
	w.nodes, w.namesakes = append(w.nodes, n), true
	w.cut[[2]int{0, len(w.nodes) - 1}] = true
	w.start(n)
	n.started = int64(w.now.wall/time.Millisecond) + 1
	return n
}

func newPeace(t *testing.T, seed uint64, nodes int) (w *world, all []int) {
	w = newWorld(t, seed, nodes)
	for i, n := range w.nodes {
		w.start(n)
		all = append(all, i)
	}
	w.until(time.Minute, "they are one", w.one(all...))
	w.run(10*time.Second, "they stay one", w.one(all...))
	return w, all
}

// A process that has the name of a node that runs displaces it nowhere, whatever it
// has on its disk and however long it is there, and is told to end.
func TestNamesakeDisplacesNobody(t *testing.T) {
	t.Parallel()
	for _, nodes := range []int{2, 3, 5} {
		for _, copied := range []bool{false, true} {
			for _, stays := range []time.Duration{100 * time.Millisecond, 600 * time.Millisecond, time.Minute} {
				t.Run(fmt.Sprintf("%d nodes, disk copied %v, for %v", nodes, copied, stays), func(t *testing.T) {
					t.Parallel()
					for seed := range uint64(5) {
						w, all := newPeace(t, seed, nodes)
						was := w.nodes[0].inc
						var disk *record
						if copied {
							disk = w.nodes[0].disk
						}
						n := w.intrude(disk)
						w.run(stays, "the nodes are one", w.one(all...))
						if stays > 10*time.Second && n.fatal == nil {
							w.fail("the namesake isn't told to end")
						}
						n.roster = nil
						w.run(30*time.Second, "the nodes are one", w.one(all...))
						if now := w.nodes[0]; now.inc != was || now.fatal != nil {
							w.fail("the node began anew, or is told to end: %v", now.fatal)
						}
					}
				})
			}
		}
	}
}

// A namesake that comes while the node can't be heard may take its name. Once the
// namesake has ended, the cluster heals by itself.
func TestClusterHealsFromANamesake(t *testing.T) {
	t.Parallel()
	for _, nodes := range []int{2, 3} {
		for _, copied := range []bool{false, true} {
			t.Run(fmt.Sprintf("%d nodes, disk copied %v", nodes, copied), func(t *testing.T) {
				t.Parallel()
				for seed := range uint64(5) {
					for _, stopped := range []time.Duration{time.Second, 4 * time.Second, 30 * time.Second} {
						w, all := newPeace(t, seed, nodes)
						var disk *record
						if copied {
							disk = w.nodes[0].disk
						}
						w.nodes[0].paused.boot = w.now.boot + stopped
						w.tell("a is stopped for %v", stopped)
						n := w.intrude(disk)
						w.run(stopped+5*time.Second, "", nil)
						n.roster = nil
						w.tell("its namesake ends")
						w.until(30*time.Second, "they are one", w.one(all...))
					}
				}
			})
		}
	}
}

// A node that has lost its disk is no namesake of what it was.
func TestSuccessorIsNoNamesake(t *testing.T) {
	t.Parallel()
	for _, nodes := range []int{2, 3, 5} {
		for _, kept := range []bool{false, true} {
			t.Run(fmt.Sprintf("%d nodes, disk kept %v", nodes, kept), func(t *testing.T) {
				t.Parallel()
				for seed := range uint64(5) {
					w, all := newPeace(t, seed, nodes)
					n := w.nodes[0]
					within := 5 * time.Second
					if !kept {
						n.disk, within = nil, 20*time.Second
					}
					w.tell("a dies")
					w.start(n)
					w.until(within, "they are one", func() bool {
						if n.fatal != nil {
							w.fail("%v", n.fatal)
						}
						return w.one(all...)()
					})
				}
			})
		}
	}
}

// A namesake that has a copy of the disk is no successor for one who can't hear the
// node while another one hears it.
func TestNamesakeDisplacesNobodyWhomAnyoneHears(t *testing.T) {
	t.Parallel()
	for _, nodes := range []int{3, 5} {
		t.Run(fmt.Sprintf("%d nodes", nodes), func(t *testing.T) {
			t.Parallel()
			for seed := range uint64(5) {
				w, _ := newPeace(t, seed, nodes)
				w.cut[[2]int{0, 1}] = true
				w.tell("no way between a and b")
				w.run(5*time.Second, "", nil)
				a, was := w.nodes[0], w.nodes[0].inc
				n := w.intrude(a.disk)
				w.run(time.Minute, "no node takes the namesake for a", func() bool {
					for _, v := range w.nodes[1:nodes] {
						if m := v.members[a.tag]; m == nil || m.inc != was {
							return false
						}
					}
					return true
				})
				if n.fatal == nil || a.fatal != nil {
					w.fail("the namesake has to end, not the node: %v, %v", n.fatal, a.fatal)
				}
			}
		})
	}
}
