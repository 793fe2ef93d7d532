package webhooks

import (
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

// Clients that a backend turns away with 429 and that come again at once cost the
// others nothing: that is a verdict on them, not on how much there is to do.
func TestRefusedConnectsSlowNobodyDown(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := inBubble(t, Endpoint{}, func(w http.ResponseWriter, g got) {
			if g.event.Type == "connect" {
				time.Sleep(time.Millisecond)
				w.WriteHeader(http.StatusTooManyRequests)
				return
			}
			time.Sleep(100 * time.Millisecond)
		})
		end := time.Now().Add(8 * time.Second)
		for i := range 20 {
			go func() {
				for n := 0; time.Now().Before(end); n++ {
					r.deliver(from(event(protocol.Connect, fmt.Sprint("c", i, "x", n), 0), "203.0.113.1", ""))
					time.Sleep(10 * time.Millisecond)
				}
			}()
		}
		took := latencies(r, 30, 8*time.Second)
		if median := took[len(took)/2]; median > 150*time.Millisecond {
			t.Errorf("half of %d others took longer than %v, limit %d", len(took), median, r.Stats()[0].Concurrency)
		}
		time.Sleep(time.Second)
	})
}

// A few clients whose every message is answered 429 cost the others little.
func TestRefusedMessagesSlowNobodyDown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := inBubble(t, Endpoint{}, func(w http.ResponseWriter, g got) {
			if strings.HasPrefix(g.event.Data.ClientID, "refused") {
				w.WriteHeader(http.StatusTooManyRequests)
				return
			}
			time.Sleep(100 * time.Millisecond)
		})
		end := time.Now().Add(20 * time.Second)
		for i := range 5 {
			go func() {
				for seq := uint64(1); time.Now().Before(end); seq++ {
					r.deliver(from(event(protocol.Inbound, fmt.Sprint("refused", i), seq), "203.0.113.1", ""))
				}
			}()
		}
		took := latencies(r, 30, 20*time.Second)
		if median := took[len(took)/2]; median > 150*time.Millisecond {
			t.Errorf("half of %d others took longer than %v, limit %d", len(took), median, r.Stats()[0].Concurrency)
		}
		time.Sleep(time.Minute)
	})
}

// More clients connect at once than a healthy backend can take in time, and those
// that were turned away come again: what is begun is finished, the others are told
// soon, and nothing of it is held against the backend.
func TestStormOfConnects(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const clients, latency, timeout = 3000, 500 * time.Millisecond, 5 * time.Second
		r := inBubble(t, Endpoint{Timeout: timeout}, func(http.ResponseWriter, got) { time.Sleep(latency) })
		var delivered, owed atomic.Int32
		var all sync.WaitGroup
		end := time.Now().Add(time.Minute)
		lowest := 64
		for i := range clients {
			all.Go(func() {
				for n := 0; time.Now().Before(end); n++ {
					o := r.deliver(from(event(protocol.Connect, fmt.Sprint("c", i, "x", n), 0), fmt.Sprintf("10.0.%d.%d", i/250, i%250), ""))
					if o.Verdict == protocol.Delivered {
						delivered.Add(1)
						return
					}
					if o.OwesClose {
						owed.Add(1)
					}
					time.Sleep(time.Second)
				}
			})
		}
		for time.Now().Before(end) {
			time.Sleep(time.Second)
			lowest = min(lowest, r.Stats()[0].Concurrency)
		}
		all.Wait()
		if delivered.Load() < clients*9/10 || owed.Load() > 0 || lowest < firstLimit {
			t.Errorf("%d of %d delivered, %d closes owed for nothing, the limit fell to %d", delivered.Load(), clients, owed.Load(), lowest)
		}
	})
}
