package webhooks

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"gatepost/protocol"
)

// moody is a backend that does whatever backends do, more or less of it by turns,
// and remembers in which order it has taken each client's events.
type moody struct {
	mu    sync.Mutex
	rng   *rand.Rand
	bad   float64 // how likely an answer isn't 200
	taken map[string][]string
}

func (m *moody) answer(w http.ResponseWriter, g got) {
	m.mu.Lock()
	code := http.StatusOK
	if m.rng.Float64() < m.bad {
		code = []int{503, 503, 503, 502, 429, 500, 400, 0}[m.rng.IntN(8)]
	}
	if code == http.StatusOK {
		m.taken[g.event.Data.ClientID] = append(m.taken[g.event.Data.ClientID], g.event.ID)
	}
	m.mu.Unlock()
	if code == 0 {
		time.Sleep(1100 * time.Millisecond) // over the endpoint's timeout
		return
	}
	w.WriteHeader(code)
}

// Whatever the backend does and however often the node restarts, each event ends
// exactly once: taken by the backend, or a dead letter. None is in the outbox
// then, and each client's events are taken in order.
func TestEachEventEndsOnce(t *testing.T) {
	t.Parallel()
	for seed := range seeds(6) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				rng := rand.New(rand.NewPCG(seed, 1))
				m := &moody{rng: rand.New(rand.NewPCG(seed, 2)), taken: map[string][]string{}}
				h := newHouse(t, Endpoint{Timeout: time.Second}, m.answer, longLived, func(c *Config) { c.DurableMessages = seed%2 == 0 })
				o := newOutcomes()
				const clients, messages = 40, 4
				var r *rig
				for round := range 6 {
					m.mu.Lock()
					m.bad = []float64{0.3, 1, 0.05, 0.9}[rng.IntN(4)]
					m.mu.Unlock()
					ctx, drain := context.WithCancel(t.Context())
					r = h.open()
					o.redeliver(ctx, t, r)
					for i := range clients {
						client := fmt.Sprint("c", round, "x", i)
						var events []*protocol.Event
						for seq := range uint64(messages) {
							events = append(events, from(event(protocol.Inbound, client, seq+1), fmt.Sprint("192.0.2.", i), ""))
						}
						o.deliver(ctx, r, append(events, from(event(protocol.Close, client, messages+1), fmt.Sprint("192.0.2.", i), ""))...)
					}
					time.Sleep(time.Duration(rng.Int64N(int64(2 * time.Minute))))
					drain()
					if rng.IntN(2) == 0 {
						r.Close() // beside the draining
					}
					o.all.Wait()
					r.Close()
				}
				m.mu.Lock()
				m.bad = 0
				m.mu.Unlock()
				r = h.open()
				o.redeliver(t.Context(), t, r)
				o.all.Wait()
				time.Sleep(2 * time.Second) // the backend's own end

				if left := h.keys(OutboxPrefix); len(left) != 0 {
					t.Errorf("%d events stay in the outbox", len(left))
				}
				for id, verdicts := range o.byID {
					ends := slices.DeleteFunc(verdicts, func(v protocol.Verdict) bool { return v == protocol.Kept })
					letter, _ := r.DeadLetter(t.Context(), id)
					if len(ends) != 1 || ends[0] != protocol.Delivered && ends[0] != protocol.Dead || (ends[0] == protocol.Dead) != (letter != nil) {
						t.Errorf("%s ended %v, letter %v", id, ends, letter != nil)
					}
				}
				if len(o.byID) != 6*clients*(messages+1) {
					t.Errorf("%d events", len(o.byID))
				}
				m.check(t)
			})
		})
	}
}

func (m *moody) check(t *testing.T) {
	for client, ids := range m.taken {
		if !slices.IsSortedFunc(ids, func(a, b string) int {
			if a == b {
				return 0
			}
			return order(typeOf(a), seqOf(a), typeOf(b), seqOf(b))
		}) {
			t.Errorf("the events of %s were taken out of order: %v", client, ids)
		}
	}
}

func typeOf(id string) protocol.EventType {
	if seqOf(id) == 0 {
		return protocol.Close
	}
	return protocol.Inbound
}

// seqOf reads the number in an event's id, 0 for a close.
func seqOf(id string) (seq uint64) {
	_, _ = fmt.Sscanf(id[len(id)-1:], "%d", &seq)
	return seq
}
