package hub

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"gatepost/protocol"
	"gatepost/test/wait"
)

// Whatever is done at once, in the end the indexes, the clients and the totals
// agree, and nothing counts as waiting.
func TestConcurrentLivesStayConsistent(t *testing.T) {
	h := newHub(t, Options{PingInterval: 64 * time.Millisecond, PongTimeout: time.Hour, CloseTimeout: time.Millisecond})
	const workers, rounds = 8, 100
	name := func(r *rand.Rand, kind string, of int) string { return fmt.Sprint(kind, r.IntN(of)) }
	var (
		wg     sync.WaitGroup
		mu     sync.Mutex
		shared []*Client
	)
	anyone := func(r *rand.Rand) *Client {
		mu.Lock()
		defer mu.Unlock()
		if len(shared) == 0 {
			return nil
		}
		return shared[r.IntN(len(shared))]
	}
	for w := range workers {
		wg.Go(func() {
			r := rand.New(rand.NewPCG(1, uint64(w)))
			for round := range rounds {
				c := admit(h, fmt.Sprintf("w%dr%d", w, round), name(r, "u", 5), name(r, "g", 5))
				mu.Lock()
				shared = append(shared, c)
				mu.Unlock()
				if r.IntN(10) > 0 {
					c.Open(sinkConn{}, nil, text("welcome"))
				}
				for range 5 {
					churn(h, anyone(r), r, name)
				}
			}
		})
	}
	wg.Wait()
	wantConsistent(t, h)
	if clients, uids, groups := h.Count(); clients == 0 || uids == 0 || groups == 0 {
		t.Errorf("Count() = %d, %d, %d; want some of each left", clients, uids, groups)
	}
	for _, c := range shared {
		c.Leave(Cause{Code: 1006})
		c.Hangup()
	}
	wantConsistent(t, h)
	if clients, uids, groups := h.Count(); clients+uids+groups != 0 {
		t.Errorf("Count() = %d, %d, %d in the end; want zeros", clients, uids, groups)
	}
	wait.For(t, "nothing waits", func() bool { return h.opts.Metrics.waiting.Load() == 0 })
}

// churn does one random thing to a client.
func churn(h *Hub, c *Client, r *rand.Rand, name func(*rand.Rand, string, int) string) {
	group := name(r, "g", 5)
	switch r.IntN(14) {
	case 0, 1:
		c.Bind(name(r, "u", 5))
	case 2:
		c.Bind("")
	case 3, 4:
		_, _ = c.Join([]string{group, name(r, "g", 5)})
	case 5:
		_, _ = c.LeaveGroups([]string{group})
	case 6:
		c.Close(Cause{Code: 4100}, text("bye"), r.IntN(2) == 0)
	case 7:
		c.Leave(Cause{Code: 1006})
	case 8:
		h.Push(protocol.Target{Groups: []string{group}, All: r.IntN(2) == 0}, protocol.Target{UIDs: []string{"u1"}}, text("hi"))
	case 9:
		h.Group(group)
		h.Groups(protocol.Page{})
		h.UIDs([]string{group}, protocol.Page{})
	case 10:
		h.Clients(protocol.ClientFilter{Groups: []string{group}, UIDs: []string{"u1", "u2"}}, protocol.Page{Limit: 3})
	case 11:
		if r.IntN(20) == 0 {
			h.Dissolve(group)
		}
	case 12:
		_, _, _ = c.ChangeSession(protocol.SessionMerge, []byte(`{"a":1}`), "")
		c.Identity()
	case 13:
		_, _ = c.WriteRaw(encode(opPong, nil))
		c.PauseReading()
		c.ResumeReading()
	}
}
