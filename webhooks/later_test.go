package webhooks

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"gatepost/protocol"
)

// longLived lets messages wait for as long as their schedule takes.
func longLived(c *Config) { c.MessageTTL = 100 * time.Hour }

// gaps are the times between requests.
func gaps(requests []got) (between []time.Duration) {
	for i := range requests[1:] {
		between = append(between, requests[i+1].at.Sub(requests[i].at))
	}
	return between
}

func TestLaterTriesFollowTheSchedule(t *testing.T) {
	schedule := []time.Duration{5 * time.Second, 30 * time.Second, 2 * time.Minute, 10 * time.Minute, 30 * time.Minute,
		time.Hour, 2 * time.Hour, 5 * time.Hour, 10 * time.Hour}
	for _, tt := range []struct {
		typ     protocol.EventType
		codes   []int
		verdict protocol.Verdict
		later   int
		reason  Reason
	}{
		{protocol.Close, []int{503}, protocol.Dead, 9, Exhausted},
		{protocol.Close, []int{500}, protocol.Dead, 9, Exhausted},
		{protocol.Inbound, []int{503}, protocol.Dead, 9, Exhausted},
		{protocol.Inbound, []int{408}, protocol.Dead, 9, Exhausted},
		{protocol.Inbound, []int{425}, protocol.Dead, 9, Exhausted},
		{protocol.Inbound, []int{429}, protocol.Dead, 9, Exhausted},
		{protocol.Inbound, []int{502}, protocol.Dead, 9, Exhausted},
		{protocol.Inbound, []int{504}, protocol.Dead, 9, Exhausted},
		{protocol.Inbound, []int{500}, protocol.Dead, 0, Exhausted},
		{protocol.Inbound, []int{503, 503, 503, 503, 500}, protocol.Dead, 0, Exhausted},
		{protocol.Inbound, []int{500, 500, 500, 500, 503, 200}, protocol.Delivered, 1, ""},
		{protocol.Inbound, []int{503, 503, 503, 503, 503, 503, 500}, protocol.Dead, 2, Exhausted},
		{protocol.Close, []int{503, 503, 503, 503, 503, 503, 500, 200}, protocol.Delivered, 3, ""},
		{protocol.Close, []int{503, 503, 503, 503, 503, 410}, protocol.Dead, 1, Rejected},
		{protocol.Inbound, []int{503, 503, 503, 503, 503, 503, 503, 503, 503, 503, 503, 503, 503, 200}, protocol.Delivered, 9, ""},
	} {
		t.Run(fmt.Sprint(tt.typ, tt.codes), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := newHouse(t, Endpoint{}, status(tt.codes...), longLived)
				r := h.open()
				ev := event(tt.typ, "c1", 3)
				o := r.deliver(ev)
				requests := h.back.requests()
				later := max(0, len(requests)-quickTries)
				if o.Verdict != tt.verdict || later != tt.later {
					t.Fatalf("verdict %v after %d later tries, want %v after %d", o.Verdict, later, tt.verdict, tt.later)
				}
				if later > 0 {
					if got := gaps(requests)[quickTries-1:]; !slices.Equal(got, schedule[:later]) {
						t.Errorf("waited %v, want %v", got, schedule[:later])
					}
				}
				for i, g := range requests {
					if g.header.Get("gatepost-attempt") != strconv.Itoa(i+1) || g.header.Get("webhook-id") != ev.ID ||
						g.header.Get("webhook-timestamp") != strconv.FormatInt(g.at.Unix(), 10) || string(g.body) != string(requests[0].body) {
						t.Errorf("attempt %d: %v %s", i+1, g.header, g.body)
					}
				}
				l, _ := r.DeadLetter(t.Context(), ev.ID)
				if tt.reason == "" && l != nil || tt.reason != "" && (l == nil || l.Reason != tt.reason || len(l.Attempts) != len(requests)) {
					t.Errorf("letter %+v", l)
				}
				if left := h.keys(OutboxPrefix); len(left) != 0 {
					t.Errorf("%v stay in the outbox", left)
				}
			})
		})
	}
}

// A Retry-After that is longer than the schedule's wait takes its place; a shorter
// one is for a try beside the schedule.
func TestRetryAfterSetsTheNextLaterTry(t *testing.T) {
	for value, want := range map[string][]time.Duration{
		"0":     {time.Second, 2 * time.Second, 2 * time.Second},
		"2":     {2 * time.Second, 2 * time.Second, time.Second},
		"4":     {4 * time.Second, 4 * time.Second, 30 * time.Second},
		"900":   {15 * time.Minute, 15 * time.Minute, 2 * time.Minute},
		"86400": {time.Hour, time.Hour, 2 * time.Minute},
	} {
		t.Run(value, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := newHouse(t, Endpoint{}, func(w http.ResponseWriter, g got) {
					switch n, _ := strconv.Atoi(g.header.Get("gatepost-attempt")); {
					case n == 5 || n == 6:
						w.Header().Set("Retry-After", value)
						fallthrough
					case n < 8:
						w.WriteHeader(503)
					}
				}, longLived)
				r := h.open()
				if o := r.deliver(event(protocol.Inbound, "c1", 1)); o.Verdict != protocol.Delivered {
					t.Fatalf("outcome %+v", o)
				}
				if got := gaps(h.back.requests())[4:]; !slices.Equal(got, want) {
					t.Errorf("waited %v, want %v", got, want)
				}
			})
		})
	}
}

// However soon a backend asks for another try, the schedule takes its time, and the
// tries grow rare.
func TestShortRetryAfterDoesNotSpendTheSchedule(t *testing.T) {
	t.Parallel()
	for _, value := range []string{"0", "1", "60"} {
		t.Run(value, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := newHouse(t, Endpoint{}, func(w http.ResponseWriter, _ got) {
					w.Header().Set("Retry-After", value)
					w.WriteHeader(503)
				}, longLived)
				r, began := h.open(), time.Now()
				if o := r.deliver(event(protocol.Close, "c1", 1)); o.Verdict != protocol.Dead {
					t.Fatalf("outcome %+v", o)
				}
				if took := time.Since(began); took < restOf(0) || took > restOf(0)+lastGrace {
					t.Errorf("it died after %v", took)
				}
				if n := len(h.back.requests()); n > int(restOf(0)/calmMost)+100 {
					t.Errorf("%d requests", n)
				}
			})
		})
	}
}

// A backend that is down for maintenance says when to come again, and may be back
// sooner. The quick tries go on then.
func TestLongRetryAfterAmongQuickTries(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mended atomic.Bool
		h := newHouse(t, Endpoint{}, func(w http.ResponseWriter, g got) {
			if !mended.Load() && g.event.Data.ClientID != "c9" {
				if g.header.Get("gatepost-attempt") < "4" {
					w.Header().Set("Retry-After", "3600")
				}
				w.WriteHeader(503)
			}
		}, longLived)
		r := h.open()
		o := newOutcomes()
		ctx, drain := context.WithCancel(t.Context())
		o.deliver(ctx, r, event(protocol.Inbound, "c1", 1))
		time.Sleep(90 * time.Minute)
		if kept := h.keys(OutboxPrefix); len(kept) != 1 || len(h.back.requests()) != 2 {
			t.Errorf("kept %v after %d requests", kept, len(h.back.requests()))
		}
		drain()
		o.all.Wait()
		r.Close()
		r = h.open()
		o.redeliver(t.Context(), t, r)
		time.Sleep(90*time.Minute + 10*time.Second) // the third, and what follows when nothing is asked any more
		requests := h.back.requests()
		want := []time.Duration{time.Hour, time.Hour, time.Hour}
		if got := gaps(requests); len(got) != 5 || !slices.Equal(got[:3], want) || got[3] > time.Second || got[4] != 5*time.Second {
			t.Errorf("waited %v", got)
		}
		mended.Store(true)
		r.deliver(event(protocol.Inbound, "c9", 1))
		o.all.Wait()
		if n := len(h.back.requests()); n != len(requests)+2 || o.count(protocol.Delivered) != 1 {
			t.Errorf("%d requests, %v", n, o.byID)
		}
	})
}

func TestMessageExpiresInTheOutbox(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t, Endpoint{}, status(503), func(c *Config) { c.MessageTTL = time.Minute })
		r := h.open()
		began := time.Now()
		ev := event(protocol.Inbound, "c1", 1)
		ev.Data.Message.Payload = []byte(strings.Repeat("x", 10_000)) // out of memory while it waits
		if o := r.deliver(ev); o.Verdict != protocol.Dead {
			t.Errorf("outcome %+v", o)
		}
		if took := time.Since(began); took < time.Minute || took > time.Minute+time.Second {
			t.Errorf("after %v", took)
		}
		l, _ := r.DeadLetter(t.Context(), ev.ID)
		if l == nil || l.Reason != Expired || len(l.Attempts) != 7 || !strings.Contains(string(l.Event), strings.Repeat("x", 10_000)) {
			t.Errorf("letter %+v", l)
		}
	})
}

// One success makes all that waits due, also what is waiting for hours.
func TestSuccessMakesWhatWaitsDue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mended atomic.Bool
		h := newHouse(t, Endpoint{}, func(w http.ResponseWriter, _ got) {
			if !mended.Load() {
				w.WriteHeader(503)
			}
		})
		r := h.open()
		o := newOutcomes()
		o.deliver(t.Context(), r, event(protocol.Close, "c1", 1))
		o.deliver(t.Context(), r, event(protocol.Close, "c2", 1))
		time.Sleep(3 * time.Hour) // the next try of both is an hour off
		mended.Store(true)
		began := time.Now()
		r.deliver(event(protocol.Inbound, "c3", 1))
		o.all.Wait()
		if took := time.Since(began); took > 100*time.Millisecond || o.count(protocol.Delivered) != 2 {
			t.Errorf("%v after %v", o.byID, took)
		}
	})
}

// Tries that a success elsewhere brought about cost nothing of the schedule, and
// grow rarer.
func TestRashTriesCostNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t, Endpoint{}, func(w http.ResponseWriter, g got) {
			if g.event.Data.ClientID == "c1" {
				w.WriteHeader(503)
			}
		})
		r := h.open()
		o := newOutcomes()
		began := time.Now()
		o.deliver(t.Context(), r, event(protocol.Close, "c1", 1))
		for range 10 * 60 * 10 { // ten minutes
			r.deliver(event(protocol.Inbound, "c2", 1))
			time.Sleep(100 * time.Millisecond)
		}
		tries := 0
		for _, g := range h.back.requests() {
			if g.event.Data.ClientID == "c1" {
				tries++
			}
		}
		if tries < 20 || tries > 45 {
			t.Errorf("%d tries in ten minutes", tries)
		}
		o.all.Wait()
		if took := time.Since(began); o.count(protocol.Dead) != 1 || took < restOf(0) || took > restOf(0)+lastGrace {
			t.Errorf("%v after %v", o.byID, took)
		}
	})
}

// 429 with Retry-After is about the sender itself.
func TestSuccessElsewhereDoesNotLiftALimitOfOnesOwn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t, Endpoint{}, func(w http.ResponseWriter, g got) {
			if n, _ := strconv.Atoi(g.header.Get("gatepost-attempt")); g.event.Data.ClientID == "c1" && n <= 5 {
				if n == 5 {
					w.Header().Set("Retry-After", "600")
				}
				w.WriteHeader(429)
			}
		})
		r := h.open()
		o := newOutcomes()
		ctx, drain := context.WithCancel(t.Context())
		o.deliver(ctx, r, event(protocol.Inbound, "c1", 1))
		for range 30 {
			time.Sleep(time.Second)
			r.deliver(event(protocol.Inbound, "c2", 1))
		}
		drain() // nor does a restart
		o.all.Wait()
		r.Close()
		r = h.open()
		o.redeliver(t.Context(), t, r)
		for range 30 {
			time.Sleep(time.Second)
			r.deliver(event(protocol.Inbound, "c2", 1))
		}
		o.all.Wait()
		var own []got
		for _, g := range h.back.requests() {
			if g.event.Data.ClientID == "c1" {
				own = append(own, g)
			}
		}
		if between := gaps(own); len(own) != 6 || between[4] != 10*time.Minute {
			t.Errorf("waited %v", between)
		}
	})
}

// A clock that was set back while the node was down leaves no event waiting for longer
// than any wait of the schedule is.
func TestClockThatWasSetBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t, Endpoint{}, status(200))
		due := time.Now().Add(365 * 24 * time.Hour)
		body, err := encode(event(protocol.Close, "c1", 1))
		if err != nil {
			t.Fatal(err)
		}
		record, err := joinRecord(outboxRecord{Version: recordVersion, Endpoint: "main", Tries: 6, Step: 2, Due: due, Over: due, Asked: true}, body)
		if err != nil {
			t.Fatal(err)
		}
		h.Put(OutboxPrefix+protocol.CloseEventID("c1"), record)
		r, o, began := h.open(), newOutcomes(), time.Now()
		o.redeliver(t.Context(), t, r)
		o.all.Wait()
		if took := time.Since(began); o.count(protocol.Delivered) != 1 || took > 10*time.Hour {
			t.Errorf("%v after %v", o.byID, took)
		}
	})
}

// A clock that was set forward while the node was down makes no message older: its age is
// what was written down, and what has passed since. One that was never tried is tried once
// however old it is.
func TestClockThatWasSetForward(t *testing.T) {
	for _, tt := range []struct {
		name    string
		record  outboxRecord
		codes   []int
		verdict protocol.Verdict
		tries   int
	}{
		{"set forward", outboxRecord{Tries: 5, Step: 1, Age: time.Minute}, []int{503, 503, 200}, protocol.Delivered, 3},
		{"set forward, never tried", outboxRecord{}, []int{503, 503, 503, 503, 503, 503, 200}, protocol.Delivered, 7},
		{"too old", outboxRecord{Tries: 5, Step: 1, Age: 2 * time.Hour}, []int{200}, protocol.Dead, 0},
		{"too old soon", outboxRecord{Tries: 5, Step: 1, Age: 59 * time.Minute}, []int{503}, protocol.Dead, 2},
		{"too old, never tried", outboxRecord{Age: 2 * time.Hour}, []int{503}, protocol.Dead, 1},
		{"too old, never tried, and the backend is there", outboxRecord{Age: 2 * time.Hour}, []int{200}, protocol.Delivered, 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := newHouse(t, Endpoint{}, status(tt.codes...))
				ev := event(protocol.Inbound, "c1", 1)
				ev.Timestamp.Time = ev.Timestamp.Add(-3 * time.Hour)
				body, err := encode(ev)
				if err != nil {
					t.Fatal(err)
				}
				tt.record.Version, tt.record.Endpoint = recordVersion, "main"
				if tt.record.Step > 0 {
					tt.record.Due = time.Now().Add(-time.Hour)
				}
				record, err := joinRecord(tt.record, body)
				if err != nil {
					t.Fatal(err)
				}
				h.Put(OutboxPrefix+ev.ID, record)
				r, o := h.open(), newOutcomes()
				o.redeliver(t.Context(), t, r)
				o.all.Wait()
				if n := len(h.back.requests()); o.count(tt.verdict) != 1 || n != tt.tries {
					t.Errorf("%v after %d tries", o.byID, n)
				}
				if l, _ := r.DeadLetter(t.Context(), ev.ID); tt.verdict == protocol.Dead && (l == nil || l.Reason != Expired) {
					t.Errorf("letter %+v", l)
				}
			})
		})
	}
}

// The age of a message goes on across a restart.
func TestAgeSurvivesARestart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t, Endpoint{}, status(503))
		r, o, began := h.open(), newOutcomes(), time.Now()
		ctx, drain := context.WithCancel(t.Context())
		o.deliver(ctx, r, event(protocol.Inbound, "c1", 1))
		time.Sleep(40 * time.Minute)
		drain()
		o.all.Wait()
		r.Close()
		r = h.open()
		o.redeliver(t.Context(), t, r)
		o.all.Wait()
		// What was written down last is its age at the try before.
		if took := time.Since(began); o.count(protocol.Dead) != 1 || took < time.Hour || took > 90*time.Minute {
			t.Errorf("%v after %v", o.byID, took)
		}
	})
}

// What waits holds no slot, and its large body is not in memory.
func TestWaitingTakesLittle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t, Endpoint{}, status(503))
		r := h.open()
		o := newOutcomes()
		for i := range 2 {
			o.deliver(t.Context(), r, event(protocol.Close, fmt.Sprint("c", i), 1))
		}
		time.Sleep(20 * time.Second)
		synctest.Wait()
		if s := r.Stats()[0]; s.InFlight != 0 || s.Waiting != 2 {
			t.Errorf("%+v", s)
		}
		puts := h.puts
		time.Sleep(10 * time.Second)
		synctest.Wait()
		if h.puts != puts {
			t.Error("it writes while it waits")
		}
		r.Close()
		o.all.Wait()
		if o.count(protocol.Kept) != 2 {
			t.Errorf("%v", o.byID)
		}
	})
}
