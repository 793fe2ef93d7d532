package webhooks

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"gatepost/protocol"
	"gatepost/test/counted"
)

// gathered delivers events that all wait while the only slot is taken, and gives
// their outcomes by id. The answer for the event that takes the slot is 200.
func gathered(t *testing.T, r *rig, release chan struct{}, events ...*protocol.Event) map[string]protocol.Outcome {
	t.Helper()
	var (
		mu       sync.Mutex
		all      sync.WaitGroup
		outcomes = map[string]protocol.Outcome{}
	)
	all.Go(func() { r.deliver(event(protocol.Close, "blocker", 9)) })
	synctest.Wait()
	for _, ev := range events {
		all.Go(func() {
			o := r.deliver(ev)
			mu.Lock()
			defer mu.Unlock()
			outcomes[ev.ID] = o
		})
		synctest.Wait()
	}
	close(release)
	all.Wait()
	return outcomes
}

// blocking answers the blocker when it is released, and others with answer.
func blocking(release chan struct{}, answer func(w http.ResponseWriter, g got)) func(http.ResponseWriter, got) {
	return func(w http.ResponseWriter, g got) {
		if g.event.Data.ClientID == "blocker" {
			<-release
			return
		}
		answer(w, g)
	}
}

func TestBatch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		r := inBubble(t, Endpoint{Concurrency: 1, Batch: 10}, blocking(release, func(w http.ResponseWriter, g got) {
			if g.header.Get("gatepost-event") != "batch" {
				return
			}
			replies := map[string]any{}
			for i, e := range g.event.Data.Events {
				switch i {
				case 0:
					replies[e.ID] = map[string]any{"reply": "to " + e.ID}
				case 1:
					replies[e.ID] = map[string]any{"retry": true}
				case 2:
					replies[e.ID] = map[string]any{"reply": "x", "session": "no object"}
				}
			}
			_ = json.NewEncoder(w).Encode(map[string]any{"replies": replies})
		}))
		var events []*protocol.Event
		for i := range 5 {
			events = append(events, event(protocol.Inbound, fmt.Sprint("c", i), 3))
		}
		events = append(events, event(protocol.Close, "c9", 1), event(protocol.Connect, "c10", 0))
		outcomes := gathered(t, r, release, events...)

		requests := r.back.requests()
		var batch *got
		kinds := map[string]int{}
		for i := range requests {
			kinds[requests[i].header.Get("gatepost-event")]++
			if requests[i].event.Type == "batch" {
				batch = &requests[i]
			}
		}
		if batch == nil || len(batch.event.Data.Events) != 6 || kinds["batch"] != 1 || kinds["connect"] != 1 || len(requests) != 4 {
			t.Fatalf("requests %v", kinds)
		}
		if err := newKey(t, 1).VerifyIgnoringTimestamp(batch.body, batch.header); err != nil {
			t.Error(err)
		}
		if id := batch.event.ID; !strings.HasPrefix(id, "evt_batch_") || batch.header.Get("webhook-id") != id || batch.header.Get("gatepost-attempt") != "1" {
			t.Errorf("batch id %q, headers %v", id, batch.header)
		}
		if err := protocol.CheckJSON(batch.body); err != nil {
			t.Error(err)
		}
		replied, retried := batch.event.Data.Events[0].ID, batch.event.Data.Events[1].ID
		for id, o := range outcomes {
			if o.Verdict != protocol.Delivered || o.Reply == nil {
				t.Errorf("%s: %+v", id, o)
				continue
			}
			if (o.Reply.Message != nil) != (id == replied) {
				t.Errorf("%s: reply %+v", id, o.Reply)
			}
		}
		last := requests[len(requests)-1]
		for _, g := range requests {
			if g.event.ID == retried {
				last = g
			}
		}
		if last.event.ID != retried || last.header.Get("gatepost-attempt") != "2" || last.at.Sub(batch.at) < firstPause {
			t.Errorf("the event that was asked for again: %s, attempt %s", last.event.ID, last.header.Get("gatepost-attempt"))
		}
		if n := counted.Of(t, r.reg, "gatepost_webhook_unreadable_replies_total").Sum(); n != 1 {
			t.Errorf("%v unreadable replies counted, want 1", n)
		}
	})
}

func TestFailedBatchIsSentOneByOne(t *testing.T) {
	for _, code := range []int{400, 404, 500, 503, 302, 0} {
		t.Run(fmt.Sprint(code), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				release := make(chan struct{})
				r := inBubble(t, Endpoint{Concurrency: 1, Batch: 3}, blocking(release, func(w http.ResponseWriter, g got) {
					switch {
					case g.event.Type == "batch" && code == 0:
						panic(http.ErrAbortHandler)
					case g.event.Type == "batch":
						w.WriteHeader(code)
					case g.event.Data.ClientID == "bad":
						w.WriteHeader(422)
					default:
						_, _ = io.WriteString(w, `{"reply":"ok"}`)
					}
				}))
				began := time.Now()
				bad := event(protocol.Inbound, "bad", 1)
				outcomes := gathered(t, r, release, event(protocol.Inbound, "a", 1), bad, event(protocol.Inbound, "b", 1))
				if took := time.Since(began); took > 0 {
					t.Errorf("took %v; they are sent at once", took)
				}
				for id, o := range outcomes {
					if id == bad.ID && o.Verdict != protocol.Dead || id != bad.ID && (o.Verdict != protocol.Delivered || o.Reply.Message == nil) {
						t.Errorf("%s: %+v", id, o)
					}
				}
				for _, g := range r.back.requests()[1:] {
					if g.event.Type == "batch" {
						continue // and over a kept connection without an answer once more
					}
					if g.header.Get("gatepost-attempt") != "2" || g.header.Get("webhook-id") != g.event.ID {
						t.Errorf("headers %v", g.header)
					}
				}
				l, err := r.DeadLetter(t.Context(), bad.ID)
				if err != nil || len(l.Attempts) != 2 || l.Attempts[0].Status != code || l.Attempts[1].Status != 422 {
					t.Errorf("letter %+v", l)
				}
			})
		})
	}
}

func TestFailedBatchWaitsAsLongAsItIsTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		r := inBubble(t, Endpoint{Concurrency: 1, Batch: 3}, blocking(release, func(w http.ResponseWriter, g got) {
			if g.event.Type == "batch" {
				w.Header().Set("Retry-After", "30")
				w.WriteHeader(503)
			}
		}))
		gathered(t, r, release, event(protocol.Inbound, "a", 1), event(protocol.Inbound, "b", 1))
		g := r.back.requests()
		if len(g) != 4 || g[2].at.Sub(g[1].at) != 30*time.Second {
			t.Errorf("%d requests", len(g))
		}
	})
}

func TestUnreadableBatchReplyEndsItsEvents(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		r := inBubble(t, Endpoint{Concurrency: 1, Batch: 3}, blocking(release, body(200, "<b>Warning</b>")))
		for id, o := range gathered(t, r, release, event(protocol.Inbound, "a", 1), event(protocol.Inbound, "b", 1)) {
			if o.Verdict != protocol.Delivered || o.Reply == nil {
				t.Errorf("%s: %+v", id, o)
			}
		}
		if len(r.back.requests()) != 2 || !strings.Contains(r.log.String(), "display_errors") {
			t.Errorf("%d requests, log %s", len(r.back.requests()), r.log)
		}
	})
}

// What goes into a batch: no more than allowed, never two of one client, and no
// more than 512 KiB.
func TestBatchesAreBounded(t *testing.T) {
	big := func(client string, kib int) *protocol.Event {
		ev := event(protocol.Inbound, client, 1)
		ev.Data.Message.Payload = []byte(strings.Repeat("x", kib<<10))
		return ev
	}
	filling := func(client string, size int) *protocol.Event {
		ev := event(protocol.Inbound, client, 1)
		body, err := encode(ev)
		if err != nil {
			t.Fatal(err)
		}
		ev.Data.Message.Payload = append(ev.Data.Message.Payload, strings.Repeat("x", size-len(body))...)
		return ev
	}
	tests := []struct {
		name   string
		batch  int
		events []*protocol.Event
		want   []int // events in each request, behind the blocker
	}{
		{"count", 3, []*protocol.Event{event(protocol.Inbound, "a", 1), event(protocol.Inbound, "b", 1), event(protocol.Inbound, "c", 1), event(protocol.Inbound, "d", 1)}, []int{3, 1}},
		{"off", 1, []*protocol.Event{event(protocol.Inbound, "a", 1), event(protocol.Inbound, "b", 1)}, []int{1, 1}},
		{"bytes", 10, []*protocol.Event{big("a", 200), big("b", 200), big("c", 200)}, []int{2, 1}},
		{"one too large", 10, []*protocol.Event{big("a", 600), big("b", 1), big("c", 1)}, []int{1, 2}},
		{"bytes to the last", 10, []*protocol.Event{filling("a", 256<<10), filling("b", 256<<10-200), event(protocol.Inbound, "c", 1)}, []int{2, 1}},
		{"the envelope too", 10, []*protocol.Event{filling("a", 256<<10), filling("b", 256<<10), event(protocol.Inbound, "c", 1)}, []int{1, 2}},
		{"one client", 10, []*protocol.Event{event(protocol.Inbound, "a", 1), event(protocol.Inbound, "a", 2), event(protocol.Inbound, "b", 1)}, []int{1, 2}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				release := make(chan struct{})
				r := inBubble(t, Endpoint{Concurrency: 1, Batch: tt.batch}, blocking(release, status(200)))
				outcomes := gathered(t, r, release, tt.events...)
				if len(outcomes) != len(tt.events) {
					t.Fatalf("%d outcomes", len(outcomes))
				}
				var sizes []int
				for _, g := range r.back.requests()[1:] {
					n := 1
					if g.event.Type == "batch" {
						if len(g.body) > maxBatchBytes {
							t.Errorf("a batch of %d bytes", len(g.body))
						}
						n = len(g.event.Data.Events)
						if n == 1 {
							t.Error("a batch of one")
						}
						clients := map[string]bool{}
						for _, e := range g.event.Data.Events {
							if clients[e.Data.ClientID] {
								t.Error("two events of one client in a batch")
							}
							clients[e.Data.ClientID] = true
						}
					}
					sizes = append(sizes, n)
				}
				if fmt.Sprint(sizes) != fmt.Sprint(tt.want) {
					t.Errorf("requests of %v events, want %v", sizes, tt.want)
				}
			})
		})
	}
}

// A batch is never waited for.
func TestNothingIsGatheredWhereNothingWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := inBubble(t, Endpoint{Batch: 100}, status(200))
		for i := range 20 {
			r.deliver(event(protocol.Inbound, fmt.Sprint("c", i), 1))
		}
		for _, g := range r.back.requests() {
			if g.event.Type != "message" {
				t.Errorf("a %s was sent", g.event.Type)
			}
		}
	})
}
