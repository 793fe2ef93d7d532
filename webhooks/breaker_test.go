package webhooks

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"gatepost/protocol"
	"gatepost/test/counted"
	"gatepost/test/tcp"
	"gatepost/test/wait"
)

// failures hands n failures to a breaker, of so many clients in turn, one every
// so often.
func failures(b *breaker, n, clients int, every time.Duration, now *time.Time) (last turn) {
	for i := range n {
		*now = now.Add(every)
		last = b.ended(absent, false, fmt.Sprint("c", i%clients), now.Add(-every/2), *now)
	}
	return last
}

func TestWhatOpensTheBreaker(t *testing.T) {
	tests := []struct {
		name  string
		n     int
		of    int
		every time.Duration
		opens bool
	}{
		{"ten of three clients in over a second", 10, 3, 150 * time.Millisecond, true},
		{"nine", 9, 3, 150 * time.Millisecond, false},
		{"of two clients", 1000, 2, 150 * time.Millisecond, false},
		{"in one moment", 50, 50, time.Millisecond, false},
		{"few, but for long", 5, 3, 3 * time.Second, true},
		{"few of few, for long", 30, 2, 3 * time.Second, false},
	}
	for _, tt := range tests {
		b, now := newBreaker(), time.Unix(1e9, 0)
		if got := failures(&b, tt.n, tt.of, tt.every, &now); (got == hasOpened) != tt.opens || b.open != tt.opens {
			t.Errorf("%s: %v, open %v", tt.name, got, b.open)
		}
	}
	for _, s := range []sign{alive, well, decided} {
		b, now := newBreaker(), time.Unix(1e9, 0)
		failures(&b, 9, 9, time.Second/4, &now)
		b.ended(s, false, "other", now, now)
		if failures(&b, 9, 9, time.Second/4, &now); b.open {
			t.Errorf("an answer between them (%v) is passed over", s)
		}
	}
	b, now := newBreaker(), time.Unix(1e9, 0)
	for i := range 100 { // many that hung at the same time
		now = now.Add(50 * time.Millisecond)
		if b.ended(absent, false, fmt.Sprint("hung", i), now.Add(-10*time.Second), now) == hasOpened {
			t.Fatal("what has hung opens it as soon as it is over")
		}
	}
	for i := range 100 { // time-outs, all of attempts that began before a success
		now = now.Add(time.Second)
		b.ended(well, false, "good", now.Add(-time.Millisecond), now)
		if b.ended(absent, false, fmt.Sprint("hung", i), now.Add(-10*time.Second), now) == hasOpened {
			t.Fatal("attempts that hang open it beside others that succeed")
		}
	}
}

func TestOpenBreakerProbes(t *testing.T) {
	b, now := newBreaker(), time.Unix(1e9, 0)
	failures(&b, 10, 3, time.Second/4, &now)
	if b.state() != protocol.BreakerOpen || b.admits(now) || b.admits(now.Add(firstProbe/2)) || !b.admits(now.Add(firstProbe*5/4)) {
		t.Errorf("%+v at %v", b, now)
	}
	for i := range 20 {
		opened := now
		for !b.admits(now) {
			now = now.Add(10 * time.Millisecond)
		}
		if wait := now.Sub(opened); wait < firstProbe/2 || wait > mostProbe*5/4+10*time.Millisecond {
			t.Errorf("probe %d after %v", i, wait)
		}
		if !b.granted(now) || b.state() != protocol.BreakerHalfOpen || b.admits(now.Add(lateProbe/2)) {
			t.Fatalf("probe %d: %+v", i, b)
		}
		if !b.admits(now.Add(lateProbe)) {
			t.Error("a probe that hangs holds up the next")
		}
		if got := b.ended([]sign{absent, alive}[i%2], true, "c", now, now); got != unturned || b.state() != protocol.BreakerOpen {
			t.Fatalf("after probe %d: %v, %s", i, got, b.state())
		}
	}
	b.granted(now)
	if b.ended(silent, true, "", now, now); !b.admits(now) {
		t.Error("a slot that was given back unused counts as a probe")
	}
	if got := b.ended(well, true, "c", now, now); got != hasClosed || b.state() != protocol.BreakerClosed || !b.admits(now) || b.granted(now) {
		t.Errorf("after a good probe: %v, %s", got, b.state())
	}
}

// outage is a backend that answers a status, 0 for 200, and counts.
func outage(down *atomic.Int32) func(http.ResponseWriter, got) {
	return func(w http.ResponseWriter, _ got) {
		if code := down.Load(); code != 0 {
			w.WriteHeader(int(code))
		}
	}
}

func TestThousandWaitingEventsAreThroughInFiveSeconds(t *testing.T) {
	t.Parallel()
	for _, down := range []int32{503, 504} {
		for _, last := range []time.Duration{time.Minute, 20 * time.Minute} {
			t.Run(fmt.Sprint(down, last), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					var code atomic.Int32
					code.Store(down)
					h := newHouse(t, Endpoint{}, func(w http.ResponseWriter, g got) {
						time.Sleep(10 * time.Millisecond)
						outage(&code)(w, g)
					})
					r := h.open()
					o := newOutcomes()
					began := time.Now()
					for i := range 1000 {
						ev := event([]protocol.EventType{protocol.Inbound, protocol.Close}[i%2], fmt.Sprint("c", i), 1)
						o.deliver(t.Context(), r, from(ev, fmt.Sprint("192.0.2.", i%250), ""))
					}
					time.Sleep(last)
					// The limit doesn't grow by the mere time that all wait.
					if s := r.Stats()[0]; s.Breaker == protocol.BreakerClosed || counted.Of(t, r.reg, "gatepost_webhook_breaker_open").Sum() != 1 || s.Concurrency > 40 {
						t.Errorf("%+v", s)
					}
					attempts := len(h.back.requests())
					if most := int(time.Since(began)/time.Second) + 2000; attempts > most {
						t.Errorf("%d attempts in %v", attempts, last)
					}
					code.Store(0)
					back := time.Now()
					o.all.Wait()
					if took := time.Since(back); took > 5*time.Second || o.count(protocol.Delivered) != 1000 {
						t.Errorf("%d delivered, %v after the backend was back", o.count(protocol.Delivered), took)
					}
					if s := r.Stats()[0]; s.Breaker != protocol.BreakerClosed || len(h.keys("")) != 0 {
						t.Errorf("%+v, %d left", s, len(h.keys("")))
					}
					if log := r.log.String(); strings.Count(log, "the breaker is open") != 1 || strings.Count(log, "the breaker is closed") != 1 {
						t.Error("the log doesn't tell of the breaker once each way")
					}
				})
			})
		}
	}
}

// What waits for a due time far off is probed with too once the breaker opens:
// others may not come, or not wait.
func TestOpenBreakerProbesWithWhatWaitsForLong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var code atomic.Int32
		code.Store(502)
		h := newHouse(t, Endpoint{}, outage(&code))
		r := h.open()
		o := newOutcomes()
		for i := range 2 {
			o.deliver(t.Context(), r, event(protocol.Close, fmt.Sprint("c", i), 1))
		}
		time.Sleep(time.Minute) // the next try is two minutes off
		for i := range 3 {
			r.deliver(event(protocol.Connect, fmt.Sprint("new", i), 0))
		}
		if r.Stats()[0].Breaker == protocol.BreakerClosed {
			t.Fatal("it isn't open")
		}
		code.Store(0)
		back := time.Now()
		o.all.Wait()
		if took := time.Since(back); took > 3*time.Second || o.count(protocol.Delivered) != 2 {
			t.Errorf("%v, %v after the backend was back", o.byID, took)
		}
	})
}

// While the breaker is open, connects are turned away soon; one is let in as the
// probe now and then.
func TestConnectsWhileTheBreakerIsOpen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var code atomic.Int32
		code.Store(503)
		h := newHouse(t, Endpoint{}, outage(&code))
		r := h.open()
		o := newOutcomes()
		for i := range 20 {
			o.deliver(t.Context(), r, event(protocol.Close, fmt.Sprint("c", i), 1))
		}
		time.Sleep(10 * time.Second)
		written := 0
		for i := range 50 {
			before := len(h.back.requests())
			began := time.Now()
			out := r.deliver(event(protocol.Connect, fmt.Sprint("new", i), 0))
			if took := time.Since(began); out.Verdict != protocol.Unavailable || took > 3*time.Second {
				t.Fatalf("%+v after %v", out, took)
			}
			tried := false
			for _, g := range h.back.requests()[before:] {
				tried = tried || g.event.Data.ClientID == fmt.Sprint("new", i)
			}
			if out.OwesClose != tried {
				t.Errorf("owes a close: %v, tried: %v", out.OwesClose, tried)
			}
			if tried {
				written++
			}
		}
		if written == 0 || written == 50 {
			t.Errorf("%d of 50 connects were probes", written)
		}
		code.Store(0)
		wait.Within(t, 5*time.Second, "connects are accepted again", func() bool {
			return r.deliver(event(protocol.Connect, "late", 0)).Verdict == protocol.Delivered
		})
		o.all.Wait()
	})
}

func TestOneClientsTroubleNeverOpensTheBreaker(t *testing.T) {
	for name, answer := range map[string]func(http.ResponseWriter){
		"500": func(w http.ResponseWriter) { w.WriteHeader(500) },
		"503": func(w http.ResponseWriter) { w.WriteHeader(503) },
		"hangs": func(http.ResponseWriter) {
			time.Sleep(30 * time.Second)
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := newHouse(t, Endpoint{Timeout: 5 * time.Second}, func(w http.ResponseWriter, g got) {
					if strings.HasPrefix(g.event.Data.ClientID, "bad") {
						answer(w)
					}
				})
				r := h.open()
				o := newOutcomes()
				var events []*protocol.Event
				for seq := range uint64(20) {
					events = append(events, from(event(protocol.Inbound, "bad", seq), "203.0.113.1", ""))
				}
				o.deliver(t.Context(), r, events...)
				for i := range 600 {
					began := time.Now()
					out := r.deliver(event([]protocol.EventType{protocol.Connect, protocol.Inbound, protocol.Close}[i%3], fmt.Sprint("ok", i), 1))
					if took := time.Since(began); out.Verdict != protocol.Delivered || took > 200*time.Millisecond || r.Stats()[0].Breaker != protocol.BreakerClosed {
						t.Fatalf("%+v after %v, breaker %s", out, took, r.Stats()[0].Breaker)
					}
					time.Sleep(time.Second)
				}
				r.Close()
				o.all.Wait()
				time.Sleep(30 * time.Second) // the backend's own end
			})
		})
	}
}

// Many clients' webhooks hang at once, others' don't.
func TestManyThatHangDoNotOpenTheBreaker(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		stop := make(chan struct{})
		h := newHouse(t, Endpoint{}, hanging(stop))
		r := h.open()
		o := newOutcomes()
		for i := range 64 {
			o.deliver(t.Context(), r, from(event(protocol.Inbound, fmt.Sprint("hung", i), 1), fmt.Sprint("203.0.113.", i), ""))
		}
		took := latencies(r, 4, 2*time.Minute)
		if p99 := took[len(took)*99/100]; p99 > 50*time.Millisecond || strings.Contains(r.log.String(), "breaker") {
			t.Errorf("p99 of %d others is %v", len(took), p99)
		}
		close(stop)
		o.all.Wait()
	})
}

// Nothing is kept, and the backend is away: events die as soon as they would have
// with quick tries alone.
func TestBreakerWithoutAKeeper(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := inBubble(t, Endpoint{}, status(503))
		o := newOutcomes()
		for i := range 100 {
			o.deliver(t.Context(), r, event(protocol.Inbound, fmt.Sprint("c", i), 1), event(protocol.Close, fmt.Sprint("c", i), 2))
		}
		began := time.Now()
		o.all.Wait()
		if took := time.Since(began); o.count(protocol.Dead) != 200 || took > time.Minute {
			t.Errorf("%d dead after %v", o.count(protocol.Dead), took)
		}
		letters, _, _ := r.Dead(t.Context(), protocol.Page{Limit: 1000})
		for _, l := range letters {
			if l.Reason != Exhausted || len(l.Attempts) == 0 {
				t.Fatalf("letter %+v", l)
			}
		}
	})
}

// A probe takes nobody along: if it fails, one event has failed.
func TestProbeIsNoBatch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var code atomic.Int32
		code.Store(503)
		h := newHouse(t, Endpoint{Batch: 100}, outage(&code))
		r := h.open()
		o := newOutcomes()
		for i := range 300 {
			o.deliver(t.Context(), r, event(protocol.Inbound, fmt.Sprint("c", i), 1))
		}
		time.Sleep(time.Minute)
		if r.Stats()[0].Breaker == protocol.BreakerClosed {
			t.Fatal("it isn't open")
		}
		before := len(h.back.requests())
		for i := range 50 {
			o.deliver(t.Context(), r, event(protocol.Inbound, fmt.Sprint("d", i), 1))
		}
		time.Sleep(30 * time.Second)
		for _, g := range h.back.requests()[before:] {
			if g.header.Get("gatepost-event") == "batch" {
				t.Fatal("a probe was a batch")
			}
		}
		code.Store(0)
		o.all.Wait()
		if o.count(protocol.Delivered) != 350 {
			t.Errorf("%d delivered", o.count(protocol.Delivered))
		}
	})
}

// One endpoint is away; what goes to the other doesn't feel it.
func TestDeadEndpointHarmsNoOther(t *testing.T) {
	away := tcp.FreeAddr(t) // refuses connections
	back := httptest.NewServer(&backend{answer: status(200)})
	defer back.Close()
	keeper := newShelf()
	r := onLoopback(t, Endpoint{Name: "chat", URL: back.URL, Path: "/chat"}, nil, func(c *Config) {
		c.Keeper = keeper
		c.Endpoints = append(c.Endpoints, Endpoint{Name: "dead", URL: "http://" + away, Signer: c.Endpoints[0].Signer})
	})
	o := newOutcomes()
	for i := range 200 {
		o.deliver(t.Context(), r, event(protocol.Close, fmt.Sprint("dead", i), 1))
	}
	wait.For(t, "the breaker is open, and all quick tries are over", func() bool {
		s := r.Stats()[1]
		return s.Breaker != protocol.BreakerClosed && s.Waiting >= 190
	})
	var slowest time.Duration
	for i := range 300 {
		began := time.Now()
		if out := r.Deliver(t.Context(), "/chat", "", event(protocol.Inbound, fmt.Sprint("c", i), 1)); out.Verdict != protocol.Delivered {
			t.Fatalf("%+v", out)
		}
		slowest = max(slowest, time.Since(began))
	}
	if s := r.Stats(); slowest > time.Second || s[0].Breaker != protocol.BreakerClosed || s[1].Waiting < 190 {
		t.Errorf("slowest %v, %+v", slowest, s)
	}
	r.Close()
	o.all.Wait()
	if n, _ := keeper.Size(OutboxPrefix); n != 200 || o.count(protocol.Kept) != 200 {
		t.Errorf("%d kept", n)
	}
}
