package gateway

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"gatepost/hub"
	"gatepost/protocol"
	"gatepost/test/frames"
	"gatepost/webhooks"
)

// backend is a Deliverer that records every event and answers as the test says.
type backend struct {
	mu     sync.Mutex
	events []*protocol.Event // guarded by mu
	answer func(*protocol.Event) protocol.Outcome
	unwant map[protocol.EventType]bool
}

// Endpoint is another one for each path.
func (b *backend) Endpoint(_ protocol.EventType, path string) string { return path }

func (b *backend) Wants(t protocol.EventType, _ string) bool { return !b.unwant[t] }

func (b *backend) Deliver(_ context.Context, _, _ string, ev *protocol.Event) protocol.Outcome {
	b.mu.Lock()
	b.events = append(b.events, ev)
	b.mu.Unlock()
	if b.answer != nil {
		return b.answer(ev)
	}
	return accepted(`{}`, ev)
}

func (b *backend) Redeliver(ctx context.Context, k *webhooks.KeptEvent) protocol.Outcome {
	return b.Deliver(ctx, k.Path, k.TraceID, k.Event)
}

func (b *backend) seen() []*protocol.Event {
	b.mu.Lock()
	defer b.mu.Unlock()
	return append([]*protocol.Event(nil), b.events...)
}

// accepted is a 2xx with this reply.
func accepted(reply string, ev *protocol.Event) protocol.Outcome {
	r, err := protocol.ParseReply(ev.Type, ev.Data.ClientID, []byte(reply))
	if err != nil {
		panic(err)
	}
	return protocol.Outcome{Verdict: protocol.Delivered, Reply: r, OwesClose: ev.Type == protocol.Connect}
}

type fixture struct {
	*Gateway
	t       *testing.T
	hub     *hub.Hub
	backend *backend
}

func newFixture(t *testing.T) *fixture { return newFixtureWith(t, nil) }

// newFixtureWith has the gateway keep a journal.
func newFixtureWith(t *testing.T, journal Journal) *fixture {
	t.Helper()
	var g *Gateway
	log := slog.New(slog.NewTextHandler(io.Discard, nil))
	reg := prometheus.NewRegistry()
	h := hub.New(hub.Options{
		SendQueue: 1 << 20, PingInterval: time.Hour, PongTimeout: time.Hour,
		CloseTimeout: time.Second, Metrics: hub.NewMetrics(reg), Logger: log,
		Changed: func(c *hub.Client) { g.Changed(c) },
	})
	b := &backend{unwant: map[protocol.EventType]bool{}}
	g = New(Config{Node: "test", Journal: journal, Welcome: protocol.Welcome, MaxPush: 1 << 10}, h, b, log, reg)
	t.Cleanup(func() { g.Stop(); h.Close() })
	return &fixture{Gateway: g, t: t, hub: h, backend: b}
}

// connect gives an admitted and opened client, and what is written to its socket.
func (f *fixture) connect() (*hub.Client, *socket) {
	f.t.Helper()
	a, err := f.Connect(f.t.Context(), &protocol.Handshake{})
	if err != nil {
		f.t.Fatal(err)
	}
	return a.Client, f.open(a.Client)
}

// open gives an admitted client its connection.
func (f *fixture) open(c *hub.Client) *socket {
	ours, theirs := net.Pipe()
	s := &socket{t: f.t, conn: theirs}
	f.t.Cleanup(func() { _ = theirs.Close() })
	f.Open(c, ours, nil, "")
	return s
}

// waitEvents waits until the backend has seen n events.
func (f *fixture) waitEvents(n int) []*protocol.Event {
	f.t.Helper()
	deadline := time.Now().Add(5 * time.Second)
	for {
		events := f.backend.seen()
		if len(events) >= n {
			return events
		}
		if time.Now().After(deadline) {
			f.t.Fatalf("the backend saw %d events; %d were expected", len(events), n)
		}
		time.Sleep(time.Millisecond)
	}
}

func text(s string) protocol.Message { return protocol.Message{Payload: []byte(s)} }

var gone = hub.Cause{Code: 1006, Initiator: protocol.ByNetwork}

// socket reads server frames.
type socket struct {
	t    *testing.T
	conn net.Conn
}

func (s *socket) read() (opcode byte, payload string) {
	s.t.Helper()
	_ = s.conn.SetReadDeadline(time.Now().Add(5 * time.Second))
	f, err := frames.Read(s.conn)
	if err != nil {
		s.t.Fatalf("reading a frame: %v", err)
	}
	return f.Opcode, f.Payload
}

func (s *socket) wants(payload string) {
	s.t.Helper()
	if _, got := s.read(); got != payload {
		s.t.Fatalf("got frame %q, want %q", got, payload)
	}
}

// What is pushed between the connect event and the upgrade arrives behind the
// welcome, in order.
func TestPushesDuringConnectArriveBehindTheWelcome(t *testing.T) {
	f := newFixture(t)
	f.backend.answer = func(ev *protocol.Event) protocol.Outcome {
		for _, s := range []string{"one", "two"} {
			m := text(s)
			r, err := f.Do(t.Context(), &protocol.Action{Verb: protocol.VerbSend,
				Target: protocol.Target{Clients: []string{ev.Data.ClientID}}, Message: &m})
			if err != nil || r.(protocol.Pushed).Queued != 1 {
				t.Errorf("push during connect: %+v, %v", r, err)
			}
		}
		if n, _, _ := f.hub.Count(); n != 0 {
			t.Errorf("a connecting client is counted: %d", n)
		}
		return accepted(`{"uid":"42","groups":["a"],"session":{"n":1},"actions":[{"action":"send","groups":["a"],"text":"three"}]}`, ev)
	}
	c, s := f.connect()
	s.wants(`{"type":"welcome","client_id":"` + c.ID() + `"}`)
	s.wants("one")
	s.wants("two")
	s.wants("three")
	if who := c.Identity(); who.UID != "42" || string(who.Session) != `{"n":1}` || len(who.Groups) != 1 {
		t.Errorf("the reply's fields were not adopted: %+v", who)
	}
}

// A close action on a connect upgrades, says the last words, and closes.
func TestCloseInAConnectReply(t *testing.T) {
	f := newFixture(t)
	f.backend.answer = func(ev *protocol.Event) protocol.Outcome {
		return accepted(`{"actions":[{"action":"close","code":4100,"reason":"full","text":"sorry"}]}`, ev)
	}
	c, s := f.connect()
	s.wants(`{"type":"welcome","client_id":"` + c.ID() + `"}`)
	s.wants("sorry")
	if op, payload := s.read(); op != 8 || payload != "\x10\x04full" {
		t.Errorf("got opcode %d, %q; want a close with 4100", op, payload)
	}
	f.Closed(c, gone)
	events := f.waitEvents(2)
	if info := events[1].Data.Close; info.Code != 4100 || info.Initiator != protocol.ByBackend {
		t.Errorf("the close event says %+v", info)
	}
}

// A client that is closed over HTTP while its connect is under way hears it after
// the upgrade.
func TestClosedDuringConnect(t *testing.T) {
	f := newFixture(t)
	f.backend.answer = func(ev *protocol.Event) protocol.Outcome {
		f.wantDo(`{"action":"close","clients":["`+ev.Data.ClientID+`"],"code":4101,"text":"no"}`, `{"matched":1,"closed":1}`)
		return accepted(`{"uid":1,"groups":["a"]}`, ev)
	}
	c, s := f.connect()
	s.wants(`{"type":"welcome","client_id":"` + c.ID() + `"}`)
	s.wants("no")
	if op, payload := s.read(); op != 8 || payload != "\x10\x05" {
		t.Errorf("got opcode %d, %q; want a close with 4101", op, payload)
	}
}

// A connect that the backend may have accepted gets its close, and no other does.
func TestRefusedConnects(t *testing.T) {
	for name, c := range map[string]struct {
		out    protocol.Outcome
		status int
		close  bool
	}{
		"403 at once":         {protocol.Outcome{Verdict: protocol.Refused, Status: 403, Text: "no"}, 403, false},
		"time-out, then 403":  {protocol.Outcome{Verdict: protocol.Refused, Status: 403, OwesClose: true}, 403, true},
		"no bytes written":    {protocol.Outcome{Verdict: protocol.Unavailable}, 503, false},
		"503 from the socket": {protocol.Outcome{Verdict: protocol.Unavailable, OwesClose: true}, 503, true},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t)
			f.backend.answer = func(ev *protocol.Event) protocol.Outcome {
				if ev.Type == protocol.Connect {
					return c.out
				}
				return accepted("", ev)
			}
			_, err := f.Connect(t.Context(), &protocol.Handshake{})
			var refusal *protocol.Refusal
			if !errors.As(err, &refusal) || refusal.Status != c.status {
				t.Fatalf("got %v, want a refusal with %d", err, c.status)
			}
			if err := f.clients.wait(t.Context()); err != nil {
				t.Fatal(err)
			}
			events := f.backend.seen()
			if got := len(events) == 2; got != c.close {
				t.Fatalf("got %d events", len(events))
			}
			if c.close && (events[1].ID != protocol.CloseEventID(events[0].Data.ClientID) || events[1].Data.Seq != 1) {
				t.Errorf("the close is %s, seq %d", events[1].ID, events[1].Data.Seq)
			}
		})
	}
}

// Events of one client come one at a time, in order, close last and once; what a
// reply asks for shows in the next event.
func TestOrder(t *testing.T) {
	f := newFixture(t)
	var underWay sync.Mutex
	f.backend.answer = func(ev *protocol.Event) protocol.Outcome {
		if !underWay.TryLock() {
			t.Error("two events of one client at once")
			return accepted("", ev)
		}
		defer underWay.Unlock()
		if ev.Type == protocol.Inbound {
			return accepted(`{"session":{"last":`+string(ev.Data.Message.Payload)+`},"actions":[{"action":"bind","uid":`+string(ev.Data.Message.Payload)+`}]}`, ev)
		}
		return accepted("", ev)
	}
	c, s := f.connect()
	s.read()
	for i := range 50 {
		f.Message(c, text(string(rune('0'+i%10))))
	}
	f.waitEvents(51) // a client that is closing isn't changed any more
	f.Closed(c, gone)
	f.Closed(c, gone)
	events := f.waitEvents(52)
	for i, ev := range events {
		if ev.Data.Seq != uint64(i) {
			t.Fatalf("event %d has seq %d", i, ev.Data.Seq)
		}
		if i < 2 || ev.Type == protocol.Close {
			continue
		}
		before := string(events[i-1].Data.Message.Payload)
		if ev.Data.UID != nil && *ev.Data.UID != before {
			t.Errorf("event %d: uid %v, want %s", i, *ev.Data.UID, before)
		}
	}
	if last := events[51]; last.Type != protocol.Close || last.Data.Close.MessagesIn != 0 && last.Data.Close.MessagesIn != 50 {
		t.Errorf("the last event is %+v", last)
	}
	if err := f.clients.wait(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n := len(f.backend.seen()); n != 52 {
		t.Errorf("%d events after the close", n-52)
	}
}

// One client's hanging webhook stops its own reading once its lane is full, and
// nobody else's.
func TestBackPressure(t *testing.T) {
	f := newFixture(t)
	f.cfg.LaneMessages = 2
	release := make(chan struct{})
	var slow string
	f.backend.answer = func(ev *protocol.Event) protocol.Outcome {
		if ev.Type == protocol.Inbound && ev.Data.ClientID == slow {
			<-release
		}
		return accepted("", ev)
	}
	c, s := f.connect()
	s.read()
	other, s2 := f.connect()
	s2.read()
	slow = c.ID()
	blocked := make(chan struct{})
	go func() {
		for range 3 {
			f.Message(c, text("x"))
		}
		close(blocked)
	}()
	for range 100 {
		f.Message(other, text("y"))
	}
	f.waitEvents(2 + 100)
	select {
	case <-blocked:
		t.Fatal("a third message went into a lane of two")
	default:
	}
	close(release)
	<-blocked
	f.waitEvents(2 + 100 + 3)
}

// A delivery that panics costs that event only.
func TestPanicInADelivery(t *testing.T) {
	f := newFixture(t)
	f.backend.answer = func(ev *protocol.Event) protocol.Outcome {
		if ev.Data.Seq == 1 {
			panic("boom")
		}
		return accepted("", ev)
	}
	c, s := f.connect()
	s.read()
	f.Message(c, text("a"))
	f.Closed(c, gone)
	if events := f.waitEvents(3); events[2].Type != protocol.Close {
		t.Errorf("got %s, want the close", events[2].Type)
	}
	if err := f.clients.wait(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// A reply's part that fails fails alone.
func TestReplyPartsFailAlone(t *testing.T) {
	f := newFixture(t)
	big := strings.Repeat("x", 2<<10)
	f.backend.answer = func(ev *protocol.Event) protocol.Outcome {
		if ev.Type != protocol.Inbound {
			return accepted("", ev)
		}
		return accepted(`{"actions":[{"action":"nonsense"},{"action":"send","all":true,"text":"`+big+`"},
			{"action":"bind","client_id":"nobody","uid":1},{"action":"send","all":true,"text":"ok"}],"reply":{"a":1.0}}`, ev)
	}
	c, s := f.connect()
	s.read()
	f.Message(c, text("a"))
	s.wants("ok")
	s.wants(`{"a":1.0}`)
}

// A late reply to an event of a client that's gone still does what concerns
// others.
func TestCarryForAClientThatIsGone(t *testing.T) {
	f := newFixture(t)
	_, s := f.connect()
	s.read()
	ev := &protocol.Event{Type: protocol.Inbound, ID: "evt_x_1", Data: protocol.EventData{ClientID: "x"}}
	reply, err := protocol.ParseReply(ev.Type, "x", []byte(`{"session":{"a":1},"reply":"to nobody","actions":[{"action":"send","all":true,"text":"hello"}]}`))
	if err != nil {
		t.Fatal(err)
	}
	f.Carry(ev, reply)
	s.wants("hello")
}

func TestUIDRemaining(t *testing.T) {
	f := newFixture(t)
	f.backend.answer = func(ev *protocol.Event) protocol.Outcome {
		if ev.Type == protocol.Connect {
			return accepted(`{"uid":7}`, ev)
		}
		return accepted("", ev)
	}
	a, _ := f.connect()
	b, _ := f.connect()
	for i, c := range []*hub.Client{a, b} {
		f.Closed(c, gone)
		ev := f.waitEvents(3 + i)[2+i]
		got, _ := json.Marshal(ev.Data.UIDRemaining)
		if want := []string{"1", "0"}[i]; string(got) != want || *ev.Data.UID != "7" {
			t.Errorf("close %d: uid_remaining %s, want %s", i, got, want)
		}
	}
}

// Of a uid's last clients that leave at the same time at least one says 0.
func TestTheLastOfAUIDSaysSo(t *testing.T) {
	f := newFixture(t)
	for round := range 200 {
		before := len(f.backend.seen())
		var clients []*hub.Client
		for range 3 {
			c, s := f.connect()
			s.read()
			c.Bind("7")
			clients = append(clients, c)
		}
		for _, c := range clients {
			go f.Closed(c, gone)
		}
		none := false
		for _, ev := range f.waitEvents(before + 6)[before:] {
			none = none || ev.Type == protocol.Close && ev.Data.UIDRemaining.Count == 0
		}
		if !none {
			t.Fatalf("round %d: nobody says that nobody is left", round)
		}
	}
}

func TestDrain(t *testing.T) {
	f := newFixture(t)
	const n = 20
	for range n {
		c, s := f.connect()
		s.read()
		go func() { // the socket's reading side: an answer to the close frame ends it
			for {
				if op, _ := s.read(); op == 8 {
					f.Closed(c, gone)
					return
				}
			}
		}()
	}
	over := 300 * time.Millisecond
	begun := time.Now()
	if err := f.Drain(t.Context(), over); err != nil {
		t.Fatal(err)
	}
	if took := time.Since(begun); took < over*3/4 {
		t.Errorf("the clients were closed within %s; spread over %s was asked for", took, over)
	}
	closes := 0
	for _, ev := range f.backend.seen() {
		if ev.Type == protocol.Close {
			closes++
			if ev.Data.Close.Code != 1001 || ev.Data.Close.Initiator != protocol.ByGateway {
				t.Errorf("close event says %+v", ev.Data.Close)
			}
		}
	}
	if closes != n {
		t.Errorf("%d close events, want %d", closes, n)
	}
	if _, err := f.Connect(t.Context(), &protocol.Handshake{}); err == nil {
		t.Error("a draining node admitted a client")
	}
}

// A drain that can't finish says so when its time is over.
func TestDrainGivesUp(t *testing.T) {
	f := newFixture(t)
	release := make(chan struct{})
	f.backend.answer = func(ev *protocol.Event) protocol.Outcome {
		if ev.Type == protocol.Close {
			<-release
		}
		return accepted("", ev)
	}
	defer close(release)
	c, _ := f.connect()
	f.Closed(c, gone)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if err := f.Drain(ctx, 0); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
}

// A connect whose handling panics leaves no client behind, and as the backend may
// have accepted it, its close follows.
func TestPanicInAConnect(t *testing.T) {
	f := newFixture(t)
	f.backend.answer = func(ev *protocol.Event) protocol.Outcome {
		if ev.Type == protocol.Connect {
			panic("boom")
		}
		return accepted("", ev)
	}
	var refusal *protocol.Refusal
	if _, err := f.Connect(t.Context(), &protocol.Handshake{}); !errors.As(err, &refusal) || refusal.Status != 503 {
		t.Errorf("got %v, want a refusal with 503", err)
	}
	if events := f.waitEvents(2); events[1].Type != protocol.Close {
		t.Errorf("got %s, want the close", events[1].Type)
	}
	if left := f.connected(); len(left) > 0 {
		t.Errorf("%d clients are left", len(left))
	}
	if err := f.clients.wait(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// Connects that have passed the door when the draining begins are waited for:
// nothing reaches the backend any more once Drain has returned.
func TestDrainWaitsForConnectsThatHaveBegun(t *testing.T) {
	for range 300 {
		f := newFixture(t)
		var all sync.WaitGroup
		for range 20 {
			all.Go(func() {
				if a, err := f.Connect(t.Context(), &protocol.Handshake{}); err == nil {
					f.Closed(a.Client, gone)
				}
			})
		}
		if err := f.Drain(t.Context(), 0); err != nil {
			t.Fatal(err)
		}
		drained := len(f.backend.seen())
		all.Wait()
		if late := len(f.backend.seen()) - drained; late > 0 {
			t.Fatalf("%d events came after the drain", late)
		}
		f.Stop()
		f.hub.Close()
	}
}

// A panic in what a late reply asks for ends there: the caller has no other net.
func TestPanicInACarry(t *testing.T) {
	f := newFixture(t)
	f.Carry(&protocol.Event{Type: protocol.Inbound}, &protocol.Reply{Actions: []protocol.ParsedAction{{}}})
}
