package webhooks

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"gatepost/protocol"
	"gatepost/store/sqlite"
	"gatepost/test/wait"
)

func openStore(t *testing.T, dir string) *sqlite.Store {
	t.Helper()
	s, err := sqlite.Open(sqlite.Options{Dir: dir, Sync: 100 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// The whole way with the real store: an outage, a restart within it, and its end.
func TestOutboxInTheRealStore(t *testing.T) {
	dir := t.TempDir()
	var down atomic.Bool
	down.Store(true)
	var mu sync.Mutex
	taken := map[string][]string{}
	back := func(w http.ResponseWriter, g got) {
		if down.Load() {
			w.WriteHeader(503)
			return
		}
		if g.event.Data.Seq == 1 {
			w.WriteHeader(410)
			return
		}
		mu.Lock()
		taken[g.event.Data.ClientID] = append(taken[g.event.Data.ClientID], g.event.ID)
		mu.Unlock()
	}
	const clients = 500
	o := newOutcomes()
	s := openStore(t, dir)
	r := onLoopback(t, Endpoint{}, back, func(c *Config) { c.Keeper = s })
	ctx, drain := context.WithCancel(t.Context())
	for i := range clients {
		client := fmt.Sprint("c", i)
		o.deliver(ctx, r, event(protocol.Inbound, client, 1), event(protocol.Inbound, client, 2), event(protocol.Close, client, 3))
	}
	wait.For(t, "the breaker is open", func() bool { return r.Stats()[0].Breaker != protocol.BreakerClosed })
	drain()
	o.all.Wait()
	r.Close()
	if n := o.count(protocol.Kept); n != 3*clients {
		t.Fatalf("%d kept", n)
	}
	if err := s.Close(t.Context()); err != nil {
		t.Fatal(err)
	}

	s = openStore(t, dir)
	down.Store(false)
	r = onLoopback(t, Endpoint{}, back, func(c *Config) { c.Keeper = s })
	began := time.Now()
	if n := o.redeliver(t.Context(), t, r); n != 3*clients {
		t.Fatalf("%d are kept", n)
	}
	o.all.Wait()
	if took := time.Since(began); took > time.Minute || o.count(protocol.Delivered) != 2*clients || o.count(protocol.Dead) != clients {
		t.Errorf("%d delivered, %d dead in %v", o.count(protocol.Delivered), o.count(protocol.Dead), took)
	}
	for i := range clients {
		client := fmt.Sprint("c", i)
		if got, want := fmt.Sprint(taken[client]), fmt.Sprintf("[evt_%s_2 evt_%s_close]", client, client); got != want {
			t.Fatalf("%s: %s", client, got)
		}
	}
	r.Close()
	wait.For(t, "nothing is left in the outbox", func() bool {
		n, _ := s.Size(OutboxPrefix) // of what is committed
		return n == 0
	})
	if err := s.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	s = openStore(t, dir)
	defer s.Close(t.Context())
	r = onLoopback(t, Endpoint{}, back, func(c *Config) { c.Keeper = s })
	if n := r.Stats()[0].Dead; n != clients {
		t.Errorf("%d letters", n)
	}
	if l, err := r.DeadLetter(t.Context(), "evt_c7_1"); err != nil || l.Attempts[len(l.Attempts)-1].Status != 410 {
		t.Errorf("%+v, %v", l, err)
	}
}
