package webhooks

import (
	"encoding/json"
	"net/http"
	"testing"
	"testing/synctest"

	"gatepost/protocol"
)

// An event that was cut off before anything of it was written may travel in another's
// batch then. That was its attempt: it isn't sent again by itself, and what the batch's
// answer says of it counts.
func TestWhatWasCutOffTravelsInABatchOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGate()
		signer := &stopper{Signer: keys{newKey(t, 1)}}
		r := inBubble(t, Endpoint{Batch: 10, Concurrency: 1, Signer: signer}, func(w http.ResponseWriter, q got) {
			if q.event.Type != "batch" {
				w.WriteHeader(422)
				return
			}
			replies := map[string]any{}
			for _, e := range q.event.Data.Events {
				replies[e.ID] = map[string]any{"reply": "by batch"}
			}
			_ = json.NewEncoder(w).Encode(map[string]any{"replies": replies})
		}, fenced(g))
		signer.at.Store(new(func() { g.set(false) }))
		cut, done := event(protocol.Inbound, "c1", 1), make(chan protocol.Outcome, 2)
		go func() { done <- r.deliver(cut) }()
		synctest.Wait()

		turns, holder := r.endpoints[0].turns, &seat{waiter: waiter{class: messages}}
		holder.owner = holder
		if err := turns.take(&span{Context: t.Context(), stopping: t.Context()}, holder); err != nil {
			t.Fatal(err)
		}
		g.set(true)
		synctest.Wait()
		go func() { done <- r.deliver(event(protocol.Close, "c2", 1)) }() // the closes' turn is next
		synctest.Wait()
		turns.give(holder, unknown, silent)
		for range cap(done) {
			if out := <-done; out.Verdict != protocol.Delivered || out.Reply == nil {
				t.Errorf("%+v", out)
			}
		}
		requests := r.back.requests()
		if len(requests) != 1 || len(requests[0].event.Data.Events) != 2 {
			for _, q := range requests {
				t.Errorf("a request: %s %s", q.header.Get("gatepost-event"), q.body)
			}
		}
	})
}
