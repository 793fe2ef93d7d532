package cluster

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"gatepost/protocol"
	"gatepost/test/wait"
)

// events collects what an observer is told.
type events struct {
	mu   sync.Mutex
	list []string
}

func (e *events) add(s string) { e.mu.Lock(); e.list = append(e.list, s); e.mu.Unlock() }

func (e *events) has(s string) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return slices.Contains(e.list, s)
}

func (e *events) watch(c *Cluster) {
	c.observe(observer{
		onHeard:  func(n Node) { e.add("heard " + n.Name) },
		onSilent: func(n Node) { e.add("silent " + n.Name) },
		onGone: func(n Node, how departure) {
			e.add(map[departure]string{left: "left ", lost: "lost ", replaced: "replaced "}[how] + n.Name)
		},
	})
}

// watched starts nodes with an observer each.
func (r *rig) watched(which ...int) []*events {
	r.t.Helper()
	list := make([]*events, len(r.nodes))
	var all sync.WaitGroup
	for _, i := range which {
		list[i] = &events{}
		all.Go(func() {
			c, err := Open(r.t.Context(), r.options(i))
			if err != nil {
				r.t.Error(err)
				return
			}
			list[i].watch(c)
			r.nodes[i] = c
			if err := c.Join(r.t.Context(), r.hosts[i]); err != nil {
				r.t.Error(err)
			}
		})
	}
	all.Wait()
	if r.t.Failed() {
		r.t.FailNow()
	}
	return list
}

// One of three dies: the others declare it lost, and not before its lease is over.
func TestLoss(t *testing.T) {
	t.Parallel()
	both(t, 3, func(t *testing.T, on backdrop) {
		r := newRig(t, on, 3)
		told := r.watched(0, 1, 2)
		r.whole(0, 1, 2)
		wait.Within(t, patience, "the lease has been unbroken for its length", func() bool {
			c := r.nodes[0]
			c.mu.Lock()
			defer c.mu.Unlock()
			return !c.roster.held.zero() && present().waited(c.roster.held) > quick.lease
		})
		died := time.Now()
		r.stop(2)
		r.awaitSees(0, "b (c)")
		for _, i := range []int{0, 1} {
			wait.Within(t, patience, "c is lost", func() bool { return told[i].has("lost c") })
			if took := time.Since(died); took < quick.lease+quick.margin-quick.beat || took > 10*(quick.lease+quick.margin) {
				t.Errorf("it took %v", took)
			}
			r.awaitSees(i, map[int]string{0: "b", 1: "a"}[i])
			if !r.valid(i)() {
				t.Error("the fence of a survivor is shut")
			}
		}
		// What is left are two, of which none declares the other.
		r.stop(1)
		r.awaitSees(0, "(b)")
		wait.Stays(t, "b is a member, and the fence open", 2*(quick.lease+quick.margin), func() bool { return r.sees(0) == "(b)" && r.valid(0)() })
	})
}

// A node that is cut off has a shut fence before it is declared lost. When it is
// heard again it is told so, gives up, and joins anew.
func TestDeclaredLostAndBack(t *testing.T) {
	t.Parallel()
	both(t, 3, func(t *testing.T, on backdrop) {
		r := newRig(t, on, 3)
		told := r.watched(0, 1, 2)
		r.whole(0, 1, 2)
		c := r.nodes[2]
		before := c.Self().Incarnation
		gaveUp := make(chan []string, 1)
		allow := make(chan struct{})
		c.mu.Lock()
		c.giveUp = func(_ context.Context, was []string) error {
			gaveUp <- was
			<-allow
			return nil
		}
		c.mu.Unlock()
		ended := c.Fence().Lost()
		r.net.set(true, r.tag(2), r.tag(0), r.tag(1))
		for lostYet := false; !lostYet; {
			lostYet = told[0].has("lost c") || told[1].has("lost c")
			select {
			case <-ended:
				lostYet = true
			default:
				if lostYet {
					t.Fatal("declared lost with an open fence")
				}
				time.Sleep(time.Millisecond)
			}
		}
		if c.Fence().Valid() {
			t.Error("the fence is open")
		}
		if err := c.Health(); err == nil {
			t.Error("a node without a majority is healthy")
		}
		wait.Within(t, patience, "c is lost", func() bool { return told[0].has("lost c") && told[1].has("lost c") })
		wait.Stays(t, "the fence stays shut", quick.lease, r.invalid(2))

		r.net.set(false, r.tag(2), r.tag(0), r.tag(1))
		select {
		case was := <-gaveUp:
			if !slices.Contains(was, before) {
				t.Errorf("it gives up for %q, want %q", was, before)
			}
		case <-time.After(patience):
			t.Fatal("it isn't told")
		}
		wait.Stays(t, "the fence is shut until it has given up", quick.lease, r.invalid(2))
		close(allow)
		r.whole(0, 1, 2)
		if now := c.Self().Incarnation; now <= before {
			t.Errorf("incarnation %q, before %q", now, before)
		}
	})
}

// Cut off for less than it takes to be declared lost: nothing is lost.
func TestLeaseLostAndRegained(t *testing.T) {
	t.Parallel()
	r := newRig(t, newRouted(t, 3), 3)
	told := r.watched(0, 1, 2)
	r.whole(0, 1, 2)
	inc := r.nodes[2].Self().Incarnation
	// The others don't lose sight of c all the time: only its majority is away.
	r.net.set(true, r.tag(0), r.tag(1), r.tag(2))
	r.net.set(true, r.tag(1), r.tag(2))
	ended := r.nodes[2].Fence().Lost()
	select {
	case <-ended:
	case <-time.After(patience):
		t.Fatal("the fence stays open")
	}
	for i := range 3 {
		wait.Within(t, patience, "shut", r.invalid(i))
	}
	r.net.set(false, r.tag(0), r.tag(1), r.tag(2))
	r.net.set(false, r.tag(1), r.tag(2))
	r.whole(0, 1, 2)
	if err := r.nodes[2].Fence().Wait(patient(t)); err != nil {
		t.Error(err)
	}
	wait.Stays(t, "nobody is lost", 2*quick.lease, func() bool { return !told[0].has("lost c") && !told[1].has("lost c") && !told[2].has("lost a") })
	if r.nodes[2].Self().Incarnation != inc {
		t.Error("it began anew")
	}
	select {
	case <-r.nodes[2].Fence().Lost():
		t.Error("the new opening has the old channel")
	default:
	}
}

// A node that restarts where no majority can be heard knows that it was one of three.
func TestMinorityAcrossRestart(t *testing.T) {
	t.Parallel()
	both(t, 3, func(t *testing.T, on backdrop) {
		r := newRig(t, on, 3)
		r.change = func(_ int, o *Options) { o.timing.meeting = time.Second }
		r.start(0, 1, 2)
		r.whole(0, 1, 2)
		for i := range 3 {
			wait.Within(t, patience, "what it knows is kept", r.kept(i))
			r.stop(i)
		}
		r.start(0)
		r.awaitSees(0, "(b) (c)")
		wait.Stays(t, "the fence is shut", 2*quick.lease, r.invalid(0))
		r.start(1)
		wait.Within(t, patience, "open with a majority", r.valid(0))
		wait.Within(t, patience, "open with a majority", r.valid(1))
		r.start(2)
		r.whole(0, 1, 2)
	})
}

// A node that restarts goes on as the same member, if it has kept what it was.
func TestRestart(t *testing.T) {
	t.Parallel()
	r := newRig(t, newRouted(t, 3), 3)
	r.timing = calm
	told := r.watched(0, 1, 2)
	r.whole(0, 1, 2)
	r.stop(2)
	r.start(2)
	r.whole(0, 1, 2)
	if !told[0].has("replaced c") || told[0].has("lost c") {
		t.Errorf("a was told %q", told[0].list)
	}
}

// A node whose disk is gone has lost what it was: the others see to its clients.
func TestRestartWithoutDisk(t *testing.T) {
	t.Parallel()
	for _, nodes := range []int{2, 3} {
		t.Run(fmt.Sprint(nodes), func(t *testing.T) {
			t.Parallel()
			r := newRig(t, newRouted(t, 3), 3)
			all := []int{0, 1, 2}[:nodes]
			told := r.watched(all...)
			r.whole(all...)
			last := nodes - 1
			r.stop(last)
			r.states[last] = newMemory()
			r.start(last)
			r.whole(all...)
			if !told[0].has("lost " + nodeName(last)) {
				t.Errorf("a was told %q", told[0].list)
			}
		})
	}
}

// Two nodes: nobody's fence shuts, nobody is declared lost. By hand it can be.
func TestTwoNodesAndForget(t *testing.T) {
	t.Parallel()
	both(t, 2, func(t *testing.T, on backdrop) {
		r := newRig(t, on, 2)
		told := r.watched(0, 1)
		r.whole(0, 1)
		a := r.nodes[0]
		status := func(err error) int {
			problem := (*protocol.Problem)(nil)
			if !errors.As(err, &problem) {
				t.Fatalf("got %v", err)
			}
			return problem.Status
		}
		if got := status(a.Forget(patient(t), "nobody")); got != http.StatusNotFound {
			t.Errorf("an unknown one: %d", got)
		}
		if got := status(a.Forget(patient(t), "b")); got != http.StatusConflict {
			t.Errorf("one that answers: %d", got)
		}
		r.net.set(true, r.tag(0), r.tag(1))
		r.awaitSees(0, "(b)")
		if got := status(a.Forget(patient(t), "b")); got != http.StatusConflict {
			t.Errorf("one that answered just now: %d", got)
		}
		wait.Stays(t, "both fences are open", 2*(quick.lease+quick.margin), func() bool { return r.valid(0)() && r.valid(1)() })
		if err := a.Forget(patient(t), "b"); err != nil {
			t.Fatal(err)
		}
		wait.Within(t, patience, "b is lost", func() bool { return told[0].has("lost b") })
		if r.sees(0) != "" {
			t.Errorf("a sees %q", r.sees(0))
		}
		inc := r.nodes[1].Self().Incarnation
		r.net.set(false, r.tag(0), r.tag(1))
		wait.Within(t, patience, "b begins anew", func() bool { return r.nodes[1].Self().Incarnation != inc })
		r.whole(0, 1)
	})
}

// Of three, two died for good: the last one is told to go on without them.
func TestForgetBothOthers(t *testing.T) {
	t.Parallel()
	r := newRig(t, newRouted(t, 3), 3)
	r.start(0, 1, 2)
	r.whole(0, 1, 2)
	r.stop(1)
	r.stop(2)
	wait.Within(t, patience, "shut", r.invalid(0))
	wait.Within(t, patience, "b can be forgotten", func() bool { return r.nodes[0].Forget(patient(t), "b") == nil })
	wait.Within(t, patience, "open", r.valid(0))
	wait.Within(t, patience, "c can be forgotten", func() bool { return r.nodes[0].Forget(patient(t), "c") == nil })
	r.whole(0)
}

func TestLeave(t *testing.T) {
	t.Parallel()
	both(t, 3, func(t *testing.T, on backdrop) {
		r := newRig(t, on, 3)
		r.timing = calm
		told := r.watched(0, 1, 2)
		r.whole(0, 1, 2)
		warnings := map[string]int{"can't be heard": 0, "cut off from the majority": 0}
		for warning := range warnings {
			warnings[warning] = r.log.Count(warning) // while they met
		}
		if err := r.nodes[2].Leave(patient(t)); err != nil {
			t.Fatal(err)
		}
		if r.valid(2)() || r.nodes[2].Health() == nil {
			t.Error("it goes on")
		}
		for i := range 2 {
			if n := r.nodes[i].Nodes(); len(n) != 1 {
				t.Errorf("%s sees %v when it has left", nodeName(i), n)
			}
		}
		r.stop(2)
		r.whole(0, 1)
		for warning, before := range warnings {
			if n := r.log.Count(warning) - before; n != 0 {
				t.Errorf("the logs have %q %d times", warning, n)
			}
		}
		r.start(2)
		r.whole(0, 1, 2)
		for i := range 2 {
			if !told[i].has("left c") || told[i].has("lost c") {
				t.Errorf("%s was told %q", nodeName(i), told[i].list)
			}
		}
	})
}

// A node may hear from another one that a third leaves before that one says so itself:
// its word is answered all the same, and not waited for until it can't be heard.
func TestLeaveThatIsKnownAlready(t *testing.T) {
	t.Parallel()
	r := newRig(t, newRouted(t, 2), 2)
	r.timing = calm
	r.start(0, 1)
	r.whole(0, 1)
	stays, leaves := r.nodes[0], r.nodes[1]
	leaves.mu.Lock()
	leaves.roster.state = leaving
	leaves.mu.Unlock()
	stays.mu.Lock()
	stays.roster.markGone(stays.roster.members[r.tag(1)], false, stays.o.clock())
	stays.mu.Unlock()
	if err := leaves.Leave(patient(t)); err != nil {
		t.Fatal(err)
	}
	if !leaves.hears(r.tag(0)) {
		t.Error("it went only when it didn't hear the other one any more")
	}
}

// A silent third node hears later of what it missed.
func TestLeaveUnheard(t *testing.T) {
	t.Parallel()
	r := newRig(t, newOutside(t), 3)
	r.start(0, 1, 2)
	r.whole(0, 1, 2)
	r.net.set(true, r.tag(0), r.tag(1), r.tag(2))
	r.awaitSees(1, "(a) c")
	if err := r.nodes[2].Leave(patient(t)); err != nil {
		t.Fatal(err)
	}
	r.stop(2)
	r.awaitSees(1, "(a)")
	r.awaitSees(0, "(b) (c)")
	r.net.set(false, r.tag(0), r.tag(1))
	r.whole(0, 1)
}

// NATS is away for longer than it takes to be declared lost, and comes back:
// nobody is lost.
func TestNATSGoneAndBack(t *testing.T) {
	t.Parallel()
	on := newOutside(t)
	r := newRig(t, on, 3)
	told := r.watched(0, 1, 2)
	r.whole(0, 1, 2)
	incs := []string{r.nodes[0].Self().Incarnation, r.nodes[1].Self().Incarnation, r.nodes[2].Self().Incarnation}
	on.stop()
	for i := range 3 {
		wait.Within(t, patience, "shut", r.invalid(i))
		if r.nodes[i].Health() == nil {
			t.Error("healthy without NATS")
		}
	}
	start := time.Now()
	if a := r.nodes[0].Call(t.Context(), []string{r.tag(1), r.tag(2)}, nil); a[0].Err == nil || a[1].Err == nil || time.Since(start) >= quick.call {
		t.Errorf("after %v: %+v", time.Since(start), a)
	}
	wait.Stays(t, "shut", 2*(quick.lease+quick.margin), func() bool { return r.invalid(0)() && r.invalid(1)() && r.invalid(2)() })
	on.start(t)
	r.whole(0, 1, 2)
	wait.Stays(t, "whole", 2*(quick.lease+quick.margin), func() bool { return r.valid(0)() && r.valid(1)() && r.valid(2)() })
	for i := range 3 {
		for _, name := range []string{"a", "b", "c"} {
			if told[i].has("lost " + name) {
				t.Errorf("%s was told that %s is lost", nodeName(i), name)
			}
		}
		if r.nodes[i].Self().Incarnation != incs[i] {
			t.Errorf("%s began anew", nodeName(i))
		}
	}
}

// A node that ends without leaving is a member when it starts again, also where it was
// about to keep who the members are.
func TestEndIsNoLeave(t *testing.T) {
	t.Parallel()
	r := newRig(t, newRouted(t, 2), 2)
	r.start(0, 1)
	r.whole(0, 1)
	wait.Within(t, patience, "what it knows is kept", r.kept(0))
	ended := r.nodes[0]
	r.stop(0)
	if err := ended.keepNow(t.Context()); err == nil {
		t.Error("a node that has ended keeps what it knows")
	}
	rec, err := readRecord(r.states[0])
	if err != nil || rec == nil || rec.Ended || len(rec.Members) != 1 { // the other one
		t.Errorf("kept is %+v, %v", rec, err)
	}
}
