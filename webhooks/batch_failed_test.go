package webhooks

import (
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"gatepost/protocol"
)

// Events of a batch for which the backend asks a long wait go into the outbox as others
// do: they are on record, wait no longer than asked, and one success makes them due.
func TestALongRetryAfterToABatch(t *testing.T) {
	for _, mended := range []bool{false, true} {
		t.Run(map[bool]string{false: "for as long as asked", true: "until a success"}[mended], func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				release := make(chan struct{})
				var batches atomic.Int64
				h := newHouse(t, Endpoint{Concurrency: 1, Batch: 3}, blocking(release, func(w http.ResponseWriter, q got) {
					if q.event.Type == "batch" {
						batches.Add(1)
						w.Header().Set("Retry-After", "3600")
						w.WriteHeader(503)
					}
				}), longLived)
				r := h.open()
				began := time.Now()
				done := make(chan map[string]protocol.Outcome)
				go func() {
					done <- gathered(t, r, release, event(protocol.Inbound, "a", 1), event(protocol.Close, "b", 2), event(protocol.Inbound, "c", 1))
				}()
				time.Sleep(time.Minute)
				if kept := h.keys(OutboxPrefix); len(kept) != 3 || batches.Load() != 1 || len(h.back.requests()) != 2 {
					t.Errorf("kept %v after %d requests", kept, len(h.back.requests()))
				}
				want := time.Hour
				if mended {
					r.deliver(event(protocol.Inbound, "d", 1))
					want = time.Minute
				}
				for id, out := range <-done {
					if out.Verdict != protocol.Delivered {
						t.Errorf("%s: %+v", id, out)
					}
				}
				if took := time.Since(began); took < want || took > want+time.Second {
					t.Errorf("through after %s, want %s", took, want)
				}
			})
		})
	}
}

// Nor is the answer to a batch kept while its events wait to be sent again.
func TestEventsOfABatchKeepNoAnswers(t *testing.T) {
	ev := event(protocol.Inbound, "c1", 1)
	for name, tt := range map[string]struct {
		a answer
		r ruling
	}{
		"too large": {answer{status: 200, fault: "too large", oversize: true, body: []byte(strings.Repeat("x", protocol.MaxReplyBytes))}, final},
		"again":     {answer{status: 200, body: []byte(`{"replies":{"` + ev.ID + `":{"retry":true}}}`)}, accepted},
	} {
		t.Run(name, func(t *testing.T) {
			r := onLoopback(t, Endpoint{Batch: 2}, status(200))
			j, err := r.endpoints[0].newJob(ev, "/", "")
			if err != nil {
				t.Fatal(err)
			}
			b := newBatch([]*job{j}, 0)
			b.ended(&tt.a, tt.r)
			r.endpoints[0].divide(b, []*job{j})
			if j.past.ruling != again || j.past.tries != 1 || len(j.past.last.body) > 0 {
				t.Errorf("ruling %d after %d tries, %d bytes are kept", j.past.ruling, j.past.tries, len(j.past.last.body))
			}
		})
	}
}
