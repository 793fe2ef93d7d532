package webhooks

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"gatepost/protocol"
	"gatepost/test/counted"
)

// unhandledFrom answers 503, and from the n-th attempt on as a gateway that has no such route.
func unhandledFrom(n, status int) func(http.ResponseWriter, got) {
	return func(w http.ResponseWriter, g got) {
		if attempt, _ := strconv.Atoi(g.header.Get("gatepost-attempt")); attempt < n {
			w.WriteHeader(503)
			return
		}
		w.Header().Set("Content-Type", "application/json") // as FastAPI and Kong do
		w.WriteHeader(status)
		_, _ = w.Write([]byte(`{"detail":"Not Found"}`))
	}
}

// What stands before the handler answers 404, 405 and 413, too. Tries go on for ten
// minutes since the first such answer; the last one comes when these are over.
func TestUnhandledAnswersAreFinalAfterTenMinutes(t *testing.T) {
	for _, tt := range []struct {
		typ    protocol.EventType
		status int
		first  int // unhandled attempt; before it is 503
	}{
		{protocol.Inbound, 404, 1}, {protocol.Close, 404, 1}, {protocol.Inbound, 405, 1}, {protocol.Inbound, 413, 1}, {protocol.Close, 413, 3},
		{protocol.Inbound, 404, 8}, {protocol.Close, 404, 10}, // long after the event itself came
	} {
		t.Run(fmt.Sprint(tt), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := newHouse(t, Endpoint{}, unhandledFrom(tt.first, tt.status), longLived)
				r := h.open()
				ev := event(tt.typ, "c1", 1)
				if o := r.deliver(ev); o.Verdict != protocol.Dead {
					t.Fatalf("outcome %+v", o)
				}
				requests := h.back.requests()
				if took := requests[len(requests)-1].at.Sub(requests[tt.first-1].at); took != unhandledAtMost {
					t.Errorf("the last try came %v after the first such answer, want %v; waited %v", took, unhandledAtMost, gaps(requests))
				}
				if l, _ := r.DeadLetter(t.Context(), ev.ID); l == nil || l.Reason != Rejected {
					t.Errorf("letter %+v", l)
				}
				if left := h.keys(OutboxPrefix); len(left) != 0 {
					t.Errorf("%v stay in the outbox", left)
				}
				if n := counted.Of(t, r.reg, "gatepost_webhook_attempts_total")["main,"+string(tt.typ)+",unhandled"]; n != float64(len(requests)-tt.first+1) {
					t.Errorf("%v attempts are counted as unhandled", n)
				}
			})
		})
	}
}

// A container that restarts: a proxy says 404 for a while, and nothing is lost.
func TestMessagesOutliveAProxyWithoutARoute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		back := time.Now().Add(8 * time.Minute)
		h := newHouse(t, Endpoint{}, func(w http.ResponseWriter, _ got) {
			if time.Now().Before(back) {
				http.NotFound(w, nil)
			}
		})
		r := h.open()
		for _, typ := range []protocol.EventType{protocol.Inbound, protocol.Close} {
			if o := r.deliver(event(typ, "c1", 1)); o.Verdict != protocol.Delivered {
				t.Errorf("%s: %+v", typ, o)
			}
		}
	})
}

// Ten minutes of nothing but such answers: another one in between begins them anew, since
// the handler, or what stands for it, was reached or away.
func TestUnhandledAnswersInARowOnly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t, Endpoint{}, func(w http.ResponseWriter, g got) {
			switch n, _ := strconv.Atoi(g.header.Get("gatepost-attempt")); {
			case n == 9: // ten minutes after the first
				w.WriteHeader(502)
			case n < 11:
				w.WriteHeader(404)
			}
		}, longLived)
		r := h.open()
		if o := r.deliver(event(protocol.Close, "c1", 1)); o.Verdict != protocol.Delivered {
			t.Errorf("%+v; waited %v", o, gaps(h.back.requests()))
		}
	})
}

// A restart neither begins the ten minutes anew nor counts as tries.
func TestUnhandledForAcrossARestart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t, Endpoint{}, status(404), longLived)
		o := newOutcomes()
		ctx, drain := context.WithCancel(t.Context())
		r := h.open()
		ev := event(protocol.Inbound, "c1", 1)
		o.deliver(ctx, r, ev)
		time.Sleep(3 * time.Minute) // the last try so far at 2:38
		drain()
		o.all.Wait()
		r.Close()
		before := len(h.back.requests())

		time.Sleep(5 * time.Hour)
		r = h.open()
		o.redeliver(t.Context(), t, r)
		o.all.Wait()
		requests := h.back.requests()
		if len(requests) < before+2 {
			t.Fatalf("%d tries after the restart, want the first and one more at least", len(requests)-before)
		}
		tried := requests[before-1].at.Sub(requests[0].at) + requests[len(requests)-1].at.Sub(requests[before].at)
		if tried != unhandledAtMost {
			t.Errorf("tried for %v, want %v; waited %v", tried, unhandledAtMost, gaps(requests))
		}
		if l, _ := r.DeadLetter(t.Context(), ev.ID); l == nil || l.Reason != Rejected || len(l.Attempts) != len(requests) {
			t.Errorf("letter %+v", l)
		}
	})
}

// A handler that means it says so with a header.
func TestARefusalThatIsMeant(t *testing.T) {
	for _, value := range []string{"1", "0", "yes", ""} {
		for _, code := range []int{404, 405, 413} {
			t.Run(fmt.Sprint(code, value), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					h := newHouse(t, Endpoint{Timeout: time.Second}, func(w http.ResponseWriter, _ got) {
						w.Header().Set("gatepost-refuse", value)
						w.WriteHeader(code)
						_, _ = w.Write([]byte("no such room"))
					}, longLived)
					r := h.open()
					meant := value == "1"
					out := r.deliver(event(protocol.Connect, "c1", 0))
					if tries := len(h.back.requests()); meant && (out.Verdict != protocol.Refused || out.Status != code || out.Text != "no such room" || tries != 1) ||
						!meant && (out.Verdict != protocol.Unavailable || tries < 2) || out.OwesClose {
						t.Errorf("a connect: %+v after %d tries", out, tries)
					}
					before := len(h.back.requests())
					for _, typ := range []protocol.EventType{protocol.Inbound, protocol.Close} {
						if out := r.deliver(event(typ, "c1", 1)); out.Verdict != protocol.Dead {
							t.Errorf("%s: %+v", typ, out)
						}
					}
					if tries := len(h.back.requests()) - before; meant != (tries == 2) {
						t.Errorf("%d tries at a message and a close", tries)
					}
					if hinted := strings.Contains(r.log.String(), "gatepost-refuse"); hinted == meant {
						t.Errorf("the log tells of the header: %v", hinted)
					}
				})
			})
		}
	}
}

// The proxy is back in time: the client is let in, and no close was owed before.
func TestAConnectOutlivesAnUnhandledAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := inBubble(t, Endpoint{}, status(404, 405, 200))
		if o := r.deliver(event(protocol.Connect, "c1", 0)); o.Verdict != protocol.Delivered || len(r.back.requests()) != 3 {
			t.Errorf("%+v", o)
		}
	})
}

// Messages that are too large for a proxy, or a route that is missing, say nothing of
// the backend that answers others.
func TestUnhandledAnswersHarmNoOthers(t *testing.T) {
	for _, code := range []int{404, 405, 413} {
		t.Run(fmt.Sprint(code), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := newHouse(t, Endpoint{Concurrency: 16}, func(w http.ResponseWriter, g got) {
					if strings.HasPrefix(g.event.Data.ClientID, "bad") {
						w.WriteHeader(code)
					}
				})
				r := h.open()
				r.deliver(event(protocol.Connect, "good", 0))
				o := newOutcomes()
				for i := range 60 {
					o.deliver(t.Context(), r, from(event(protocol.Inbound, fmt.Sprint("bad", i), 1), fmt.Sprint("192.0.2.", i), ""))
				}
				for i := range 120 {
					time.Sleep(6 * time.Second)
					began := time.Now()
					out := r.deliver(event([]protocol.EventType{protocol.Connect, protocol.Inbound, protocol.Close}[i%3], "good", 1))
					if took := time.Since(began); out.Verdict != protocol.Delivered || took > 100*time.Millisecond {
						t.Fatalf("another's: %+v after %v", out, took)
					}
					if s := r.Stats()[0]; s.Breaker != protocol.BreakerClosed || s.Concurrency < firstLimit {
						t.Fatalf("%+v", s)
					}
				}
				o.all.Wait()
				if n := o.count(protocol.Dead); n != 60 {
					t.Errorf("%d of 60 are dead letters after ten minutes", n)
				}
			})
		})
	}
}

// Where nothing goes well the backend is away, whatever stands before it says: what waits
// is used to find out when it is back.
func TestABackendThatIsNowhereOpensTheBreaker(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var code atomic.Int32
		h := newHouse(t, Endpoint{}, outage(&code))
		r := h.open()
		if out := r.deliver(event(protocol.Connect, "c", 0)); out.Verdict != protocol.Delivered {
			t.Fatalf("%+v", out)
		}
		code.Store(404)
		o := newOutcomes()
		for i := range 20 {
			o.deliver(t.Context(), r, event(protocol.Inbound, fmt.Sprint("c", i), 1), event(protocol.Close, fmt.Sprint("c", i), 2))
			time.Sleep(time.Second)
		}
		if s := r.Stats()[0]; s.Breaker == protocol.BreakerClosed {
			t.Errorf("%+v", s)
		}
		time.Sleep(2 * time.Minute)
		code.Store(0)
		back := time.Now()
		o.all.Wait()
		if n := o.count(protocol.Delivered); n != 40 || r.Stats()[0].Breaker != protocol.BreakerClosed || time.Since(back) > 5*time.Second {
			t.Errorf("%d delivered after %v, %+v", n, time.Since(back), r.Stats()[0])
		}
	})
}

// A batch that nobody takes, or that is too large, is sent one by one, and the breaker
// hears nothing of it.
func TestABatchThatIsUnhandled(t *testing.T) {
	for _, code := range []int{404, 405, 413} {
		synctest.Test(t, func(t *testing.T) {
			release := make(chan struct{})
			r := inBubble(t, Endpoint{Concurrency: 1, Batch: 10}, blocking(release, func(w http.ResponseWriter, g got) {
				if g.event.Type == "batch" {
					w.WriteHeader(code)
				}
			}))
			outcomes := gathered(t, r, release, event(protocol.Inbound, "a", 1), event(protocol.Inbound, "b", 1), event(protocol.Close, "c", 1))
			for id, o := range outcomes {
				if o.Verdict != protocol.Delivered {
					t.Errorf("%d: %s: %+v", code, id, o)
				}
			}
			if s := r.Stats()[0]; s.Breaker != protocol.BreakerClosed || s.Dead != 0 {
				t.Errorf("%d: %+v", code, s)
			}
		})
	}
}

func TestRetryAfterOfAnUnhandledAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t, Endpoint{}, func(w http.ResponseWriter, g got) {
			if g.header.Get("gatepost-attempt") == "1" {
				w.Header().Set("Retry-After", "900")
				w.WriteHeader(404)
			}
		})
		r := h.open()
		if o := r.deliver(event(protocol.Inbound, "c1", 1)); o.Verdict != protocol.Delivered {
			t.Errorf("%+v", o)
		}
		if got := gaps(h.back.requests()); len(got) != 1 || got[0] != 15*time.Minute {
			t.Errorf("waited %v", got)
		}
	})
}
