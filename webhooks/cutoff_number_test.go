package webhooks

import (
	"context"
	"fmt"
	"net/http"
	"testing"
	"testing/synctest"

	"gatepost/protocol"
)

// An attempt that the fence cut off, and the backend may have seen, has had its number:
// the next has another, also where a restart lies between.
func TestAttemptsCountOnAfterACutOffAndARestart(t *testing.T) {
	for _, batch := range []int{1, 3} {
		t.Run(fmt.Sprint("batches of ", batch), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				g, release := newGate(), make(chan struct{})
				h := newHouse(t, Endpoint{Batch: batch, Concurrency: 1}, func(_ http.ResponseWriter, q got) {
					if q.event.Type == "message" || q.header.Get("Gatepost-Attempt") == "1" {
						<-release
					}
				}, fenced(g))
				r, o := h.open(), newOutcomes()
				ctx, drain := context.WithCancel(t.Context())
				o.deliver(ctx, r, event(protocol.Inbound, "a", 1))
				synctest.Wait()
				o.deliver(ctx, r, event(protocol.Close, "b", 2))
				o.deliver(ctx, r, event(protocol.Close, "c", 2))
				synctest.Wait()
				release <- struct{}{}
				synctest.Wait()
				g.set(false)
				synctest.Wait()
				drain()
				o.all.Wait()
				r.Close()
				close(release)

				g.set(true)
				r = h.open()
				if n := o.redeliver(t.Context(), t, r); n != 2 {
					t.Errorf("%d closes are kept", n)
				}
				o.all.Wait()
				times := map[string]int{}
				for _, q := range h.back.requests() {
					ids := []string{q.event.ID}
					for _, e := range q.event.Data.Events {
						ids = append(ids, e.ID)
					}
					for _, id := range ids {
						times[id]++
						if got, want := q.header.Get("Gatepost-Attempt"), fmt.Sprint(times[id]); got != want {
							t.Errorf("attempt %s at %s says that it is the %s", want, id, got)
						}
					}
				}
				if len(times) < 3 {
					t.Errorf("the backend has seen %v", times)
				}
			})
		})
	}
}
