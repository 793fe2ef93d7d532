package webhooks

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"gatepost/protocol"
)

// gate is a Fence that the test opens and shuts.
type gate struct {
	mu   sync.Mutex
	open bool
	now  chan struct{} // closed while open
	lost chan struct{} // closed when it shuts
	// expired has it invalid by the clock, before anybody was told.
	expired atomic.Bool
}

var _ Fence = (*gate)(nil)

func newGate() *gate {
	g := &gate{now: make(chan struct{}), lost: make(chan struct{})}
	g.set(true)
	return g
}

func (g *gate) set(open bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.open == open {
		return
	}
	g.open = open
	if open {
		g.lost = make(chan struct{})
		g.expired.Store(false)
		close(g.now)
		return
	}
	close(g.lost)
	g.now = make(chan struct{})
}

func (g *gate) Valid() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.open && !g.expired.Load()
}

func (g *gate) Wait(ctx context.Context) error {
	g.mu.Lock()
	now := g.now
	g.mu.Unlock()
	select {
	case <-now:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (g *gate) Lost() <-chan struct{} {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.lost
}

func fenced(g *gate) func(*Config) { return func(c *Config) { c.Fence = g } }

// Behind the fence no attempt begins, for however long; nothing of that counts as
// the backend's failure, and all goes on once it is open.
func TestNoAttemptBeginsBehindTheFence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGate()
		h := newHouse(t, Endpoint{}, status(200), fenced(g))
		r := h.open()
		g.set(false)
		o := newOutcomes()
		for i := range 20 {
			o.deliver(t.Context(), r, event(protocol.Inbound, fmt.Sprint("c", i), 1), event(protocol.Close, fmt.Sprint("c", i), 2))
		}
		time.Sleep(10 * time.Minute)
		if n := len(h.back.requests()); n != 0 {
			t.Fatalf("%d attempts behind the fence", n)
		}
		if s := r.Stats()[0]; s.InFlight != 0 || s.Breaker != protocol.BreakerClosed || s.Failed != 0 {
			t.Errorf("the endpoint suffers from it: %+v", s)
		}
		began := time.Now()
		g.set(true)
		o.all.Wait()
		if took := time.Since(began); took > time.Second {
			t.Errorf("the events went on after %s", took)
		}
		if n := o.count(protocol.Delivered); n != 40 {
			t.Errorf("%d events delivered, want 40", n)
		}
	})
}

// A connect doesn't wait for the fence: its client would. Nothing was written, so it
// owes no close.
func TestConnectIsTurnedAwayBehindTheFence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGate()
		r := inBubble(t, Endpoint{}, status(200), fenced(g))
		g.set(false)
		began := time.Now()
		out := r.deliver(event(protocol.Connect, "c1", 0))
		if out.Verdict == protocol.Delivered || out.Verdict == protocol.Refused || out.OwesClose || time.Since(began) > 0 {
			t.Errorf("%+v after %s", out, time.Since(began))
		}
		if n := len(r.back.requests()); n != 0 {
			t.Errorf("%d attempts", n)
		}
	})
}

// Attempts under way when the fence falls are cut off. They cost no try, don't move
// the breaker or the limit, and are made again with the same bytes.
func TestFenceCutsOffAttempts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGate()
		var calm atomic.Bool
		h := newHouse(t, Endpoint{}, func(w http.ResponseWriter, _ got) {
			if !calm.Load() {
				time.Sleep(8 * time.Second)
			}
		}, fenced(g))
		r := h.open()
		o := newOutcomes()
		const clients = 8
		for i := range clients {
			o.deliver(t.Context(), r, event(protocol.Inbound, fmt.Sprint("c", i), 1))
		}
		for range 2 * quickTries { // more often than an event has tries
			time.Sleep(time.Second)
			g.set(false)
			synctest.Wait()
			if s := r.Stats()[0]; s.InFlight != 0 || s.Breaker != protocol.BreakerClosed || s.Failed != 0 || s.Concurrency < firstLimit || s.Dead != 0 {
				t.Fatalf("the endpoint suffers from it: %+v", s)
			}
			seen := len(h.back.requests())
			time.Sleep(time.Minute)
			if n := len(h.back.requests()); n != seen {
				t.Fatalf("%d attempts behind the fence", n-seen)
			}
			g.set(true)
			synctest.Wait()
		}
		calm.Store(true)
		time.Sleep(10 * time.Second)
		o.all.Wait()
		if n := o.count(protocol.Delivered); n != clients {
			t.Errorf("%d events delivered, want %d", n, clients)
		}
		bodies := map[string]string{}
		for _, q := range h.back.requests() {
			if first, again := bodies[q.event.ID]; again && first != string(q.body) {
				t.Errorf("another body: %s", q.body)
			}
			bodies[q.event.ID] = string(q.body)
		}
		if left := h.keys(""); len(left) != 0 {
			t.Errorf("%v is left", left)
		}
	})
}

// A connect whose attempt is cut off may have been accepted.
func TestConnectCutOffByTheFenceOwesItsClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGate()
		r := inBubble(t, Endpoint{}, func(http.ResponseWriter, got) { time.Sleep(5 * time.Second) }, fenced(g))
		done := make(chan protocol.Outcome)
		go func() { done <- r.deliver(event(protocol.Connect, "c1", 0)) }()
		time.Sleep(time.Second)
		g.set(false)
		began := time.Now()
		out := <-done
		if !out.OwesClose || out.Verdict == protocol.Delivered || out.Verdict == protocol.Refused || time.Since(began) > 0 {
			t.Errorf("%+v after %s", out, time.Since(began))
		}
		time.Sleep(5 * time.Second) // the backend's handler ends
	})
}

// A batch that is cut off goes on as single events.
func TestFenceCutsOffABatch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGate()
		var batches atomic.Int64
		h := newHouse(t, Endpoint{Batch: 10, Concurrency: 1}, func(w http.ResponseWriter, q got) {
			if q.event.Type == "batch" && batches.Add(1) == 1 {
				time.Sleep(5 * time.Second)
			} else if q.event.Type != "batch" {
				time.Sleep(100 * time.Millisecond)
			}
		}, fenced(g))
		r := h.open()
		o := newOutcomes()
		for i := range 6 {
			o.deliver(t.Context(), r, event(protocol.Inbound, fmt.Sprint("c", i), 1))
		}
		time.Sleep(time.Second)
		if batches.Load() != 1 {
			t.Fatalf("%d batches under way, want 1", batches.Load())
		}
		g.set(false)
		time.Sleep(time.Minute)
		if s := r.Stats()[0]; s.InFlight != 0 || s.Breaker != protocol.BreakerClosed || s.Failed != 0 {
			t.Errorf("the endpoint suffers from it: %+v", s)
		}
		g.set(true)
		o.all.Wait()
		if n := o.count(protocol.Delivered); n != 6 {
			t.Errorf("%d events delivered, want 6", n)
		}
		time.Sleep(5 * time.Second) // the backend's handler ends
	})
}

// A process that was stopped goes on in the middle of anything: the fence is down by
// the clock, and nobody has been told yet. Not a byte leaves it then.
func TestStoppedProcessWritesNothing(t *testing.T) {
	for _, reused := range []bool{false, true} {
		t.Run(fmt.Sprintf("reused=%v", reused), func(t *testing.T) {
			g := newGate()
			signer := &stopper{Signer: keys{newKey(t, 1)}}
			r := onLoopback(t, Endpoint{Signer: signer}, status(200), fenced(g), func(c *Config) { c.Keeper = newShelf() })
			if reused {
				r.deliver(event(protocol.Inbound, "c0", 1))
			}
			before := len(r.back.requests())
			// The signature is the last that is done before net/http has the request.
			stopped := make(chan struct{})
			signer.at.Store(new(func() { g.expired.Store(true); close(stopped) }))
			done := make(chan protocol.Outcome)
			go func() { done <- r.deliver(event(protocol.Inbound, "c1", 1)) }()
			<-stopped
			select {
			case out := <-done:
				t.Fatalf("decided behind the fence: %+v", out)
			case <-time.After(100 * time.Millisecond):
			}
			if n := len(r.back.requests()) - before; n != 0 {
				t.Fatalf("%d attempts came from behind the fence", n)
			}
			g.set(false)
			g.set(true)
			if out := <-done; out.Verdict != protocol.Delivered {
				t.Errorf("%+v", out)
			}
			requests := r.back.requests()[before:]
			if len(requests) != 1 || requests[0].header.Get("gatepost-attempt") != "1" {
				t.Errorf("%d attempts, the first numbered %s", len(requests), requests[0].header.Get("gatepost-attempt"))
			}
			if s := r.Stats()[0]; s.Failed != 0 {
				t.Errorf("%d failures counted", s.Failed)
			}
		})
	}
}

// stopper calls at once when it is asked for a signature.
type stopper struct {
	Signer
	at atomic.Pointer[func()]
}

func (s *stopper) Sign(id string, at time.Time, body []byte) string {
	if stop := s.at.Swap(nil); stop != nil {
		(*stop)()
	}
	return s.Signer.Sign(id, at, body)
}

// An event that is given up is off the record, no dead letter, and never sent again,
// wherever it waits.
func TestGivenUpEventsVanish(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGate()
		h := newHouse(t, Endpoint{}, status(503), fenced(g), func(c *Config) { c.DurableMessages = true })
		r := h.open()
		o := newOutcomes()
		ctx, giveUp := context.WithCancelCause(t.Context())
		for i := range 10 { // some in quick tries, some in the outbox, some behind the fence
			o.deliver(ctx, r, event(protocol.Inbound, fmt.Sprint("c", i), 1))
			time.Sleep(400 * time.Millisecond)
		}
		g.set(false)
		o.deliver(ctx, r, event(protocol.Close, "c99", 1))
		synctest.Wait()
		if left := h.keys(OutboxPrefix); len(left) != 11 {
			t.Fatalf("%d events on record, want 11", len(left))
		}
		giveUp(ErrGivenUp)
		o.all.Wait()
		if left := h.keys(""); len(left) != 0 {
			t.Errorf("%v is left", left)
		}
		if n := o.count(protocol.Aborted); n != 11 {
			t.Errorf("%d events aborted, want 11", n)
		}
		seen := len(h.back.requests())
		g.set(true)
		time.Sleep(time.Hour)
		if n := len(h.back.requests()); n != seen {
			t.Errorf("%d attempts afterwards", n-seen)
		}
		if strings.Contains(r.log.String(), "dead letter") {
			t.Error("the log tells of a dead letter")
		}
	})
}
