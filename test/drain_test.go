package test

import (
	"net"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"gatepost/test/harness"
	"gatepost/test/wait"
)

// On SIGTERM a node isn't ready any more, takes no new clients, closes those that
// it has with 1001 spread over the drain time, delivers what waits and each close
// event, and ends with status 0.
func TestDrain(t *testing.T) {
	t.Parallel()
	const drain = 3 * time.Second
	backend := harness.NewBackend(t, func(d *harness.Delivery) harness.Answer {
		if d.Event.Type == "message" {
			time.Sleep(300 * time.Millisecond) // several wait when the drain begins
		}
		return echo(d)
	})
	node := harness.Start(t, backend.Env(harness.Env{"GATEPOST_DRAIN": drain.String()}))
	clients := make([]*harness.Client, 30)
	for i := range clients {
		clients[i] = node.Connect(t, harness.Dial{})
	}
	for range 5 {
		clients[0].Send(t, "one of five")
	}
	wait.For(t, "the node has the messages", func() bool { return node.Metric(t, "gatepost_frames_total", `direction="in"`) == 5 })
	begun := time.Now()
	node.Signal(syscall.SIGTERM)

	wait.For(t, "the node isn't ready any more", func() bool { return harness.Get(t, node.Addr, "/readyz").Status == 503 })
	if r := harness.Get(t, node.Addr, "/healthz"); r.Status != 200 {
		t.Errorf("/healthz answers %d while draining; the process is well", r.Status)
	}
	_, err := node.TryConnect(t, harness.Dial{})
	if r := wantRefused(t, err, 503, ""); r.Header.Get("Retry-After") == "" {
		t.Error("the refusal has no Retry-After")
	}
	// Calls go on: a backend may still reach those that are left.
	node.API(t, "read").Want(200, "", "GET", "/stats", "")

	var ends []time.Duration
	for _, c := range clients {
		c.WantClosed(t, 1001)
	}
	for _, c := range clients {
		ends = append(ends, c.EndedAt().Sub(begun))
	}
	slices.Sort(ends)
	if first, last := ends[0], ends[len(ends)-1]; first > drain/2 || last < drain/2 || last > drain+5*time.Second {
		t.Errorf("the first client was closed after %s, the last after %s: not spread over %s", first, last, drain)
	}
	if quarter := ends[len(ends)/4]; quarter < drain/10 {
		t.Errorf("a quarter of the clients was closed within %s of %s", quarter, drain)
	}
	if status := node.Exit(wait.Patience); status != 0 {
		t.Errorf("the exit status is %d", status)
	}
	for _, c := range clients {
		closes := backend.Received(harness.Of("close", c.ID))
		if len(closes) != 1 {
			t.Fatalf("client %s has %d close events", c.ID, len(closes))
		}
		if info := closes[0].Event.Data.Close; info.Code != 1001 || info.Initiator != "gateway" {
			t.Errorf("the close event says %d by %s", info.Code, info.Initiator)
		}
	}
	if n := len(distinct(backend.Received(harness.Of("message", clients[0].ID)))); n != 5 {
		t.Errorf("%d of 5 messages were delivered", n)
	}
	if _, err := net.DialTimeout("tcp", node.Addr, time.Second); err == nil {
		t.Error("somebody still listens")
	}
}

// A second signal ends the node at once.
func TestSecondSignal(t *testing.T) {
	t.Parallel()
	for _, second := range []syscall.Signal{syscall.SIGTERM, syscall.SIGINT} {
		node := harness.Start(t, harness.Env{"GATEPOST_DRAIN": "1m"})
		node.Connect(t, harness.Dial{}) // the first that is closed, maybe at once
		node.Connect(t, harness.Dial{})
		node.Signal(syscall.SIGINT)
		wait.For(t, "the node drains", func() bool { return harness.Get(t, node.Addr, "/readyz").Status == 503 })
		if r := node.API(t, "read").Do("GET", "/stats", ""); !strings.HasPrefix(string(r.Body), `{"clients":1,`) {
			t.Errorf("of two clients not one is left at the beginning of a minute's drain: %s", r.Body)
		}
		time.Sleep(200 * time.Millisecond) // one that comes at once is the same order
		begun := time.Now()
		node.Signal(second)
		if status := node.Exit(wait.Patience); status != 1 {
			t.Errorf("the exit status is %d, want 1: the drain was cut short", status)
		}
		if took := time.Since(begun); took > 2*time.Second {
			t.Errorf("it took %s", took)
		}
	}
}
