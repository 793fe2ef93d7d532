package hub

import (
	"slices"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"gatepost/protocol"
	"gatepost/test/counted"
)

// A connecting client can be found, changed and sent to; it is in no total, and
// what it is sent arrives behind the welcome, in order.
func TestConnectingClient(t *testing.T) {
	reg := prometheus.NewRegistry()
	h := newHub(t, Options{Metrics: NewMetrics(reg)})
	c := admit(h, "c1", "1", "room")
	if got, ok := h.Client("c1"); !ok || got != c {
		t.Fatal("a connecting client isn't found by its id")
	}
	if _, err := c.Join([]string{"late"}); err != nil {
		t.Error(err)
	}
	if previous, ok := c.Bind("2"); previous != "1" || !ok {
		t.Errorf("Bind gave %q, %v; want 1", previous, ok)
	}
	for _, target := range []protocol.Target{{Clients: []string{"c1"}}, {UIDs: []string{"2"}}, {Groups: []string{"late"}}} {
		if got := h.Push(target, protocol.Target{}, text("early")); got != (protocol.Pushed{Matched: 1, Queued: 1}) {
			t.Errorf("a push to %+v reports %+v", target, got)
		}
	}
	if clients, uids, groups := h.Count(); clients+uids+groups != 0 {
		t.Errorf("Count() = %d, %d, %d before Open; want zeros", clients, uids, groups)
	}
	if states := counted.Of(t, reg, "gatepost_clients"); states["connecting"] != 1 || states["open"] != 0 {
		t.Errorf("clients by state are %v; want one connecting", states)
	}
	wantConsistent(t, h)

	server, p := tcpPair(t)
	if !c.Open(server, nil, text("welcome")) {
		t.Fatal("Open says that the client was closed")
	}
	c.Send(text("later"))
	p.want(t, "welcome", "early", "early", "early", "later")
	if clients, uids, groups := h.Count(); clients != 1 || uids != 1 || groups != 2 {
		t.Errorf("Count() = %d, %d, %d; want 1, 1, 2", clients, uids, groups)
	}
	if states := counted.Of(t, reg, "gatepost_clients"); states["connecting"] != 0 || states["open"] != 1 {
		t.Errorf("clients by state are %v; want one open", states)
	}
	wantConsistent(t, h)
	c.Close(Cause{Code: 1000}, nil, true)
	if states := counted.Of(t, reg, "gatepost_clients"); states["open"] != 0 || states["closing"] != 0 {
		t.Errorf("clients by state are %v; want none", states)
	}
}

// One that is closed before it opens is told why once it has a connection.
func TestClosedWhileConnecting(t *testing.T) {
	reg := prometheus.NewRegistry()
	h := newHub(t, Options{Metrics: NewMetrics(reg)})
	c := admit(h, "c1", "1", "room")
	c.Send(text("queued"))
	c.Close(Cause{Code: 4100, Reason: "no", Initiator: protocol.ByBackend}, text("last words"), false)
	if _, ok := h.Client("c1"); ok {
		t.Error("it is still found by its id")
	}
	server, p := tcpPair(t)
	if c.Open(server, nil, text("welcome")) {
		t.Error("Open says that the client is open")
	}
	p.want(t, "welcome", "queued", "last words", "close 4100 no")
	if got := counted.Of(t, reg, "gatepost_closes_total"); len(got) != 1 || got["4100,backend"] != 1 {
		t.Errorf("closes are %v; want one with 4100 by the backend", got)
	}
	go c.Hangup()
	p.wantEnd(t)
	wantConsistent(t, h)
}

// Too much for one that is still connecting: it is closed with 4008, and told so.
func TestTooMuchWhileConnecting(t *testing.T) {
	reg := prometheus.NewRegistry()
	h := newHub(t, Options{SendQueue: 1000, Metrics: NewMetrics(reg)})
	c := admit(h, "c1", "")
	f := text(string(make([]byte, 400)))
	got := []Verdict{c.Send(f), c.Send(f), c.Send(f), c.Send(f)}
	if want := []Verdict{Queued, Queued, Dropped, Gone}; !slices.Equal(got, want) {
		t.Errorf("the verdicts are %v; want %v", got, want)
	}
	if drops := counted.Of(t, reg, "gatepost_dropped_messages_total"); drops["queue_full"] != 3 {
		t.Errorf("drops are %v; want 3 for queue_full", drops)
	}
	server, p := tcpPair(t)
	c.Open(server, nil, nil)
	p.want(t, "close 4008 "+causeSlow.Reason)
	go c.Hangup()
	p.wantEnd(t)
}

// A refused client takes what was queued for it along, and that is counted.
func TestRefusedClient(t *testing.T) {
	reg := prometheus.NewRegistry()
	h := newHub(t, Options{Metrics: NewMetrics(reg)})
	c := admit(h, "c1", "1", "room")
	c.Send(text("one"))
	c.Send(text("two"))
	if !c.Leave(Cause{Code: protocol.CloseForbidden, Initiator: protocol.ByBackend}) {
		t.Error("Leave says that it isn't the first")
	}
	if drops := counted.Of(t, reg, "gatepost_dropped_messages_total"); drops["refused"] != 2 {
		t.Errorf("drops are %v; want 2 for refused", drops)
	}
	for state, n := range counted.Of(t, reg, "gatepost_clients") {
		if n != 0 {
			t.Errorf("%v clients are %s; want none", n, state)
		}
	}
	if got := counted.Of(t, reg, "gatepost_closes_total"); len(got) != 0 {
		t.Errorf("closes are %v; want none, for there was no connection", got)
	}
	if got := h.opts.Metrics.waiting.Load(); got != 0 {
		t.Errorf("%d bytes still count as waiting", got)
	}
	if _, err := c.WriteRaw(encode(opPong, nil)); err == nil {
		t.Error("WriteRaw takes a pong for it")
	}
	wantConsistent(t, h)
}

// A backend that forces a connecting client out leaves nothing for it to read.
func TestForcedOutWhileConnecting(t *testing.T) {
	h := newHub(t, Options{})
	c := admit(h, "c1", "")
	c.Send(text("queued"))
	c.Close(Cause{Code: 1000}, text("last"), true)
	server, p := tcpPair(t)
	if c.Open(server, nil, text("welcome")) {
		t.Error("Open says that the client is open")
	}
	p.within(t, 5e9)
	if got, err := p.read(); err == nil {
		t.Errorf("the peer read %q; want no frame", got)
	}
	c.Hangup()
}
