package webhooks

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"gatepost/protocol"
)

// hanging answers events of clients named hung… when stop is closed, and others
// after a moment.
func hanging(stop chan struct{}) func(http.ResponseWriter, got) {
	return func(_ http.ResponseWriter, g got) {
		if strings.HasPrefix(g.event.Data.ClientID, "hung") {
			<-stop
			return
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// latencies delivers events of healthy clients, some at a time, for a while, and
// gives how long each took, sorted.
func latencies(r *rig, clients int, during time.Duration) []time.Duration {
	var (
		mu   sync.Mutex
		all  sync.WaitGroup
		took []time.Duration
	)
	end := time.Now().Add(during)
	for i := range clients {
		all.Go(func() {
			for seq := uint64(1); time.Now().Before(end); seq++ {
				began := time.Now()
				r.deliver(from(event(protocol.Inbound, fmt.Sprint("ok", i), seq), fmt.Sprint("198.51.100.", i), fmt.Sprint("ok", i)))
				mu.Lock()
				took = append(took, time.Since(began))
				mu.Unlock()
				time.Sleep(20 * time.Millisecond)
			}
		})
	}
	all.Wait()
	slices.Sort(took)
	return took
}

func TestOneClientThatHangsHarmsNoOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		stop := make(chan struct{})
		r := inBubble(t, Endpoint{Timeout: 60 * time.Second}, hanging(stop))
		go r.deliver(from(event(protocol.Inbound, "hung", 1), "203.0.113.1", "hung"))
		took := latencies(r, 4, 30*time.Second)
		if p99 := took[len(took)*99/100]; p99 > 10*time.Millisecond {
			t.Errorf("p99 of %d others is %v", len(took), p99)
		}
		close(stop)
	})
}

// One client's messages run into the timeout, one after the other, for long: the
// limit doesn't shrink around the others, few as they are.
func TestOneClientThatTimesOutForLongHarmsNoOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		stop := make(chan struct{})
		r := inBubble(t, Endpoint{Timeout: 10 * time.Second}, hanging(stop))
		end := time.Now().Add(10 * time.Minute)
		go func() {
			for seq := uint64(1); time.Now().Before(end); seq++ {
				r.deliver(from(event(protocol.Inbound, "hung", seq), "203.0.113.1", "hung"))
			}
		}()
		var took []time.Duration
		for seq := uint64(1); time.Now().Before(end); seq++ {
			time.Sleep(7 * time.Second)
			began := time.Now()
			r.deliver(event(protocol.Inbound, "ok", seq))
			took = append(took, time.Since(began))
		}
		slices.Sort(took)
		if slowest := took[len(took)-1]; slowest > 200*time.Millisecond {
			t.Errorf("of %d others the slowest took %v, half of them over %v", len(took), slowest, took[len(took)/2])
		}
		close(stop)
	})
}

// 64 clients of one address or uid hang, as many as there can be attempts: the
// others go on.
func TestOneSourceThatHangsHarmsNoOther(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		hung func(i int) (addr, uid string)
	}{
		{"one address", func(i int) (string, string) { return "203.0.113.1", fmt.Sprint("hung", i) }},
		{"one IPv6 network", func(i int) (string, string) { return fmt.Sprintf("2001:db8::%x", i), fmt.Sprint("hung", i) }},
		{"one uid", func(i int) (string, string) { return fmt.Sprint("203.0.113.", i), "hung" }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				stop := make(chan struct{})
				r := inBubble(t, Endpoint{Timeout: 60 * time.Second}, hanging(stop))
				for i := range 64 {
					addr, uid := tt.hung(i)
					go r.deliver(from(event(protocol.Inbound, fmt.Sprint("hung", i), 1), addr, uid))
				}
				synctest.Wait()
				took := latencies(r, 4, 20*time.Second)
				if p99 := took[len(took)*99/100]; p99 > 30*time.Millisecond {
					t.Errorf("p99 of %d others is %v", len(took), p99)
				}
				if s := r.Stats()[0]; s.Waiting == 0 || s.InFlight < 30 {
					t.Errorf("the limit did not grow around those that hang: %+v", s)
				}
				close(stop)
			})
		})
	}
}

// Where everything was hanging once, what is tried again holds a quarter of the
// slots at most, so that the rest goes on.
func TestRetriesOfTheHungLeaveRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		stop := make(chan struct{})
		r := inBubble(t, Endpoint{Timeout: 10 * time.Second}, hanging(stop))
		for i := range 64 {
			go r.deliver(from(event(protocol.Inbound, fmt.Sprint("hung", i), 1), fmt.Sprint("203.0.113.", i), ""))
		}
		time.Sleep(21 * time.Second) // their first tries are over
		took := latencies(r, 4, 30*time.Second)
		if p99 := took[len(took)*99/100]; p99 > 30*time.Millisecond {
			t.Errorf("p99 of %d others is %v", len(took), p99)
		}
		close(stop)
	})
}

// A flood of messages takes no slot from connects and closes.
func TestConnectsAndClosesPassAFloodOfMessages(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		stop := make(chan struct{})
		r := inBubble(t, Endpoint{Timeout: 60 * time.Second}, hanging(stop))
		for i := range 200 {
			go r.deliver(from(event(protocol.Inbound, fmt.Sprint("hung", i), 1), fmt.Sprint("203.0.113.", i), ""))
		}
		synctest.Wait()
		for i := range 50 {
			for _, typ := range []protocol.EventType{protocol.Connect, protocol.Close} {
				began := time.Now()
				o := r.deliver(event(typ, fmt.Sprint("ok", i), 1))
				if took := time.Since(began); o.Verdict != protocol.Delivered || took > 10*time.Millisecond {
					t.Fatalf("%s: %v after %v", typ, o.Verdict, took)
				}
			}
		}
		close(stop)
	})
}

// A backend that says 503 above some width is found out and not overrun; one
// that can take more gets more.
func TestConcurrencyFollowsTheBackend(t *testing.T) {
	t.Parallel()
	for _, width := range []int{3, 20, 1000} {
		t.Run(fmt.Sprint(width), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var mu sync.Mutex
				now, refused, served := 0, 0, 0
				r := inBubble(t, Endpoint{Concurrency: 64}, func(w http.ResponseWriter, _ got) {
					mu.Lock()
					now++
					over := now > width
					mu.Unlock()
					if !over {
						time.Sleep(10 * time.Millisecond)
					}
					mu.Lock()
					defer mu.Unlock()
					now--
					if over {
						refused++
						w.WriteHeader(503)
						return
					}
					served++
				})
				took := latencies(r, 60, 2*time.Second)
				limit := r.Stats()[0].Concurrency
				if served*10 < len(took)*9 || refused > served {
					t.Errorf("%d served, %d refused, limit %d", served, refused, limit)
				}
				if width >= 64 && limit < 30 || width < 64 && limit > 2*width+8 {
					t.Errorf("the limit is %d for a backend that takes %d", limit, width)
				}
			})
		})
	}
}
