package webhooks

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"gatepost/protocol"
)

// hungCrowd is 64 clients, as many as there may be attempts, each of whose
// messages hangs until the time-out, and healthy ones beside them.
type hungCrowd struct {
	name     string
	addr     func(i int) string // of client i
	first    bool               // the 64 were answered well before
	known    bool               // the healthy one was answered well before
	each     bool               // each healthy message is a new client's
	changing bool               // each message that hangs is a new client's
	slots    int                // how many there may be; 0: 64
}

// Whatever the 64 do, another's connects, messages and closes are through soon.
func TestACrowdThatHangsHarmsNoOther(t *testing.T) {
	t.Parallel()
	own := func(i int) string { return fmt.Sprint("203.0.113.", i) }
	same := func(int) string { return "203.0.113.1" }
	timeouts := []time.Duration{5 * time.Second, 10 * time.Second}
	for i, tt := range []hungCrowd{
		{name: "a known client", addr: own, known: true},
		{name: "a known client at their address", addr: same, known: true},
		{name: "one that comes after", addr: own},
		{name: "one that comes after, at their address", addr: same},
		{name: "new ones all the time", addr: own, each: true},
		{name: "new ones all the time, at their address", addr: same, each: true},
		{name: "a known client, those that hang were known too", addr: own, known: true, first: true},
		{name: "at their address, known too", addr: same, known: true, first: true},
		{name: "a known client at their address, with few slots", addr: same, known: true, slots: 16},
		{name: "those that hang are always new", addr: own, known: true, changing: true},
		{name: "those that hang are always new, the other comes after", addr: own, changing: true},
	} {
		timeout := timeouts[(i+i/2)%2] // of two that differ by their address each has another
		t.Run(fmt.Sprint(tt.name, " ", timeout), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) { tt.run(t, timeout) })
		})
	}
}

func (h hungCrowd) run(t *testing.T, timeout time.Duration) {
	released := make(chan struct{})
	r := inBubble(t, Endpoint{Timeout: timeout, Concurrency: h.slots}, func(_ http.ResponseWriter, g got) {
		if strings.HasPrefix(g.event.Data.ClientID, "hung") && g.event.Data.Seq > 0 {
			<-released
			return
		}
		time.Sleep(5 * time.Millisecond)
	})
	healthy := func(typ protocol.EventType, client string, seq uint64) time.Duration {
		began := time.Now()
		if o := r.deliver(from(event(typ, client, seq), h.addr(64), "")); o.Verdict != protocol.Delivered {
			t.Errorf("%s of %s: %v", typ, client, o.Verdict)
		}
		return time.Since(began)
	}
	if h.known {
		healthy(protocol.Inbound, "ok", 0)
	}
	var hung sync.WaitGroup
	end := time.Now().Add(time.Minute)
	for i := range 64 {
		client := fmt.Sprint("hung", i)
		if h.first {
			r.deliver(from(event(protocol.Inbound, client, 0), h.addr(i), ""))
		}
		hung.Go(func() {
			for seq := uint64(1); time.Now().Before(end); seq++ {
				if h.changing {
					client = fmt.Sprint("hung", i, "-", seq)
				}
				r.deliver(from(event(protocol.Inbound, client, seq), h.addr(i), ""))
			}
		})
	}
	synctest.Wait()
	if !h.known && !h.each {
		time.Sleep(2 * time.Second)
	}
	var slowest, sum [3]time.Duration
	count := 0
	for seq := uint64(1); time.Now().Before(end); seq++ {
		client := "ok"
		if h.each {
			client = fmt.Sprint("ok", seq)
		}
		for i, typ := range []protocol.EventType{protocol.Connect, protocol.Inbound, protocol.Close} {
			whose := client
			if typ != protocol.Inbound && !h.each {
				whose = fmt.Sprint("other", seq)
			}
			took := healthy(typ, whose, seq)
			slowest[i] = max(slowest[i], took)
			sum[i] += took
		}
		count++
		time.Sleep(100 * time.Millisecond)
	}
	t.Logf("%d rounds: slowest connect, message, close %v, mean %v", count, slowest, sum[1]/time.Duration(count))
	if slowest[0] > time.Second || slowest[1] > time.Second || slowest[2] > time.Second || sum[1] > time.Duration(count)*300*time.Millisecond {
		t.Errorf("of %d rounds the slowest connect, message and close took %v, a message %v on average", count, slowest, sum[1]/time.Duration(count))
	}
	if s := r.Stats()[0]; s.InFlight > defaultConcurrency {
		t.Errorf("%d attempts at once", s.InFlight)
	}
	close(released)
	r.Close()
	hung.Wait()
}
