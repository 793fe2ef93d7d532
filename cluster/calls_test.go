package cluster

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"gatepost/test/logs"
	"gatepost/test/tcp"
	"gatepost/test/wait"
)

// Calls that one node makes one after the other are begun in this order,
// whatever their size, though nobody waits for the answers in between.
func TestCallsInOrder(t *testing.T) {
	t.Parallel()
	both(t, 2, func(t *testing.T, on backdrop) {
		r := newRig(t, on, 2)
		r.timing = calm
		r.timing.call = patience // this is a crowd
		const calls = 2000
		finished := make(chan struct{})
		n := 0
		r.hosts[1].serve = func(_ Node, request []byte, reply Reply) {
			if want := fmt.Sprintf("%06d", n); string(request[:6]) != want {
				t.Errorf("got %s, want %s", request[:6], want)
			}
			if n++; n == calls {
				close(finished)
			}
			go func() { _ = reply.Part(request[:6]); reply.Done() }()
		}
		r.start(0, 1)
		r.whole(0, 1)
		var waiting sync.WaitGroup
		for i := range calls {
			request := fmt.Appendf(nil, "%06d", i)
			if i%500 == 250 {
				request = append(request, make([]byte, 3*piece+17)...)
			}
			x := r.nodes[0].begin(r.tag(1), kindCall, request)
			waiting.Go(func() {
				parts, err := r.nodes[0].await(patient(t), x)
				if err != nil || len(parts) != 1 || string(parts[0]) != string(request[:6]) {
					t.Errorf("%s: %q %v", request[:6], parts, err)
				}
			})
		}
		waiting.Wait()
		select {
		case <-finished:
		default:
			t.Error("not all calls have come")
		}
	})
}

func TestAnswersInParts(t *testing.T) {
	t.Parallel()
	both(t, 2, func(t *testing.T, on backdrop) {
		r := newRig(t, on, 2)
		r.timing = calm
		r.hosts[1].serve = func(_ Node, request []byte, reply Reply) {
			var sizes []int
			_ = json.Unmarshal(request, &sizes)
			for i, size := range sizes {
				if err := reply.Part(bytes.Repeat([]byte{byte('a' + i)}, size)); err != nil {
					t.Error(err)
				}
			}
			reply.Done()
			reply.Done()
			if err := reply.Part([]byte("late")); err == nil {
				t.Error("a part behind the end")
			}
		}
		r.start(0, 1)
		r.whole(0, 1)
		for _, sizes := range [][]int{{}, {0}, {1}, {0, 0, 1}, {1 << 20, 3, 1 << 20}, {piece}, {piece + 1, piece - 1}} {
			request, _ := json.Marshal(sizes)
			a := r.nodes[0].Call(t.Context(), []string{r.tag(1)}, request)[0]
			if a.Err != nil || len(a.Parts) != len(sizes) {
				t.Fatalf("%v: %d parts, %v", sizes, len(a.Parts), a.Err)
			}
			for i, size := range sizes {
				if !bytes.Equal(a.Parts[i], bytes.Repeat([]byte{byte('a' + i)}, size)) {
					t.Errorf("%v: part %d has %d bytes", sizes, i, len(a.Parts[i]))
				}
			}
		}
	})
}

// A node that doesn't answer holds up its own answer only, and that not for long.
func TestCallsEnd(t *testing.T) {
	both(t, 3, func(t *testing.T, on backdrop) {
		r := newRig(t, on, 3)
		hold := make(chan struct{})
		r.hosts[1].serve = func(_ Node, _ []byte, reply Reply) { go func() { <-hold; reply.Done() }() }
		defer close(hold)
		r.start(0, 1, 2)
		r.whole(0, 1, 2)
		call := func(ctx context.Context) ([]Answer, time.Duration) {
			start := time.Now()
			answers := r.nodes[0].Call(ctx, []string{r.tag(1), r.tag(2), tagOf("stranger")}, []byte("x"))
			return answers, time.Since(start)
		}
		answers, took := call(t.Context())
		if !errors.Is(answers[0].Err, ErrNoAnswer) || answers[1].Err != nil || answers[2].Err == nil || took < quick.call || took > 3*quick.call {
			t.Errorf("after %v: %+v", took, answers)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer cancel()
		if answers, took := call(ctx); answers[0].Err == nil || answers[1].Err != nil || took >= quick.call {
			t.Errorf("after %v: %+v", took, answers)
		}
		// A process that has ended is no answer at once, before it counts as silent.
		r.stop(1)
		quickly := func() bool { _, took := call(t.Context()); return took < quick.call }
		wait.Within(t, patience, "no waiting", quickly)
		r.awaitSees(0, "(b) c")
		wait.Stays(t, "no waiting", quick.silence, quickly)
		// And one that falls silent meanwhile doesn't make calls under way wait.
		r.hosts[2].serve = r.hosts[1].serve
		r.net.set(true, r.tag(0), r.tag(2))
		x := r.nodes[0].begin(r.tag(2), kindCall, nil)
		if _, err := r.nodes[0].await(patient(t), x); err == nil || r.nodes[0].hears(r.tag(2)) {
			t.Errorf("it ended with %v", err)
		}
	})
}

// Calls of a node that is no member are refused, at once.
func TestCallsOfStrangers(t *testing.T) {
	t.Parallel()
	on := newOutside(t)
	r := newRig(t, on, 2)
	r.start(0, 1)
	r.whole(0, 1)
	b := r.nodes[1]
	b.mu.Lock()
	inc := b.roster.inc
	b.roster.inc = newIncarnation(inc) // whom the other one doesn't know
	b.mu.Unlock()
	x := b.begin(r.tag(0), kindCall, []byte("let me in"))
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if _, err := b.await(ctx, x); err == nil || ctx.Err() != nil {
		t.Errorf("got %v", err)
	}
	b.mu.Lock()
	b.roster.inc = inc
	b.mu.Unlock()
	r.hosts[0].mu.Lock()
	defer r.hosts[0].mu.Unlock()
	if len(r.hosts[0].got) > 0 {
		t.Errorf("it got %q", r.hosts[0].got)
	}
}

const childPorts = "CLUSTER_TEST_CHILD"

// beChild is node b in a process of its own, until its input ends.
func beChild(ports string) {
	own, other, _ := strings.Cut(ports, ",")
	c, err := Open(context.Background(), Options{Node: "b", Secrets: []string{secretA}, Listen: own, Peers: []string{other}, State: newMemory()})
	if err != nil {
		panic(err)
	}
	if err := c.Join(context.Background(), &echo{}); err != nil {
		panic(err)
	}
	_, _ = os.Stdin.Read(make([]byte, 1))
	c.Close()
}

// A process that is stopped: no call takes longer than its time, but for what a
// busy machine adds, after two seconds none waits for it, and what is sent to it
// doesn't pile up.
func TestStoppedProcess(t *testing.T) {
	a, b := tcp.FreeAddr(t), tcp.FreeAddr(t)
	child := exec.Command(os.Args[0])
	child.Env = append(os.Environ(), childPorts+"="+b+","+a)
	child.Stderr = os.Stderr
	in, err := child.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { in.Close(); _ = child.Process.Kill(); _ = child.Wait() })
	c, err := Open(t.Context(), Options{Node: "a", Secrets: []string{secretA}, Listen: a, Peers: []string{b}, State: newMemory(), Logger: logs.Shown(t).Logger()})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err := c.Join(t.Context(), &echo{}); err != nil {
		t.Fatal(err)
	}
	hears := func() bool { n, ok := c.Node(tagOf("b")); return ok && n.Hearing }
	wait.Within(t, patience, "b is heard", hears)
	call := func(request []byte) (time.Duration, error) {
		start := time.Now()
		err := c.Call(t.Context(), []string{tagOf("b")}, request)[0].Err
		return time.Since(start), err
	}
	if _, err := call(nil); err != nil {
		t.Fatal(err)
	}
	if err := child.Process.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	stopped := time.Now()
	big, sent, worst := make([]byte, 1<<20), 0, int64(0)
	var under sync.WaitGroup
	slots := make(chan struct{}, 25) // with many more, calls wait for the processor, not for b
	for time.Since(stopped) < 5*time.Second {
		slots <- struct{}{}
		sent++
		under.Go(func() {
			defer func() { <-slots }()
			start := time.Since(stopped)
			took, err := call(big)
			if err == nil || took > 2*defaultTiming.call || start > 3*time.Second && took > defaultTiming.call/2 {
				t.Errorf("%v after the stop a call took %v: %v", start, took, err)
			}
		})
		if routes, err := c.bus.engine.Routez(nil); err == nil {
			for _, route := range routes.Routes {
				worst = max(worst, int64(route.Pending))
			}
		}
		if !hears() {
			time.Sleep(10 * time.Millisecond) // else it only spins
		}
	}
	under.Wait()
	t.Logf("%d calls of 1 MiB; at most %d MiB waited for the route", sent, worst>>20)
	if routes := c.bus.engine.NumRoutes(); routes > 0 {
		t.Errorf("there still are %d routes", routes)
	}
	if err := child.Process.Signal(syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	wait.Within(t, patience, "b answers again", func() bool { _, err := call(nil); return err == nil })
	in.Close()
	defer time.AfterFunc(patience, func() { _ = child.Process.Kill() }).Stop()
	if err := child.Wait(); err != nil {
		t.Error(err)
	}
}
