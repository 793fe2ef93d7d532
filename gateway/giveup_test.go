package gateway

import (
	"errors"
	"net/http"
	"testing"
	"time"

	"gatepost/hub"
	"gatepost/protocol"
	"gatepost/test/wait"
	"gatepost/webhooks"
)

// A node that is cut off from its cluster takes no new clients.
func TestNobodyConnectsBehindTheFence(t *testing.T) {
	back := newApplication(t)
	m := newMember(t, "a", back, nil)
	m.fence.set(false)
	_, err := m.Connect(t.Context(), &protocol.Handshake{})
	var refusal *protocol.Refusal
	if !errors.As(err, &refusal) || refusal.Status != http.StatusServiceUnavailable || refusal.RetryAfter != 1 {
		t.Errorf("got %v", err)
	}
	if back.count() != 0 || m.records() != 0 || m.clients.len() != 0 {
		t.Error("something of it is left")
	}
}

// A connect under way when the fence falls is refused. The backend may have accepted
// it, so its close follows when the fence is open again.
func TestConnectOvertakenByTheFenceIsClosed(t *testing.T) {
	back := newApplication(t)
	m := newMember(t, "a", back, nil)
	back.answers(func(ev *protocol.Event) int {
		if ev.Type == protocol.Connect {
			return 0
		}
		return 200
	})
	refused := make(chan error, 1)
	go func() {
		_, err := m.Connect(t.Context(), &protocol.Handshake{UID: "u"})
		refused <- err
	}()
	wait.For(t, "the connect", func() bool { return back.count() == 1 })
	m.fence.set(false)
	var refusal *protocol.Refusal
	if err := <-refused; !errors.As(err, &refusal) || refusal.Status != 503 {
		t.Fatalf("got %v", err)
	}
	if n := back.count(); n != 1 || m.records() == 0 {
		t.Fatalf("%d events behind the fence, %d records", n-1, m.records())
	}
	m.fence.set(true)
	wait.For(t, "the close", func() bool { return back.count() == 2 && m.records() == 0 })
}

// Clients that others have taken over are closed with 1001 and told of no more: none
// of their events comes to the backend once the fence is open again, whatever state
// they were in. Other clients go on.
func TestGiveUp(t *testing.T) {
	back := newApplication(t)
	m := newMember(t, "a", back, nil)
	idle, idleSocket := m.connect("u1")
	busy, busySocket := m.connect("u2")
	leaving, _ := m.connect("u3")
	mine, _ := m.connect("u4")

	back.answers(func(ev *protocol.Event) int {
		if ev.Data.ClientID == busy.ID() {
			return 0
		}
		return 503
	})
	for range 5 {
		m.Message(busy, text("x"))
	}
	wait.For(t, "an attempt under way", func() bool { return len(back.of(busy.ID())) == 2 })
	m.fence.set(false)
	m.Closed(leaving, gone)
	m.Message(mine, text("y"))
	if _, err := m.Connect(t.Context(), &protocol.Handshake{}); err == nil {
		t.Fatal("somebody has connected")
	}
	wait.For(t, "the close on record", func() bool { n, _ := m.store.Size(webhooks.OutboxPrefix); return n >= 1 })
	seen := back.count()

	if err := m.GiveUp(t.Context(), []string{idle.ID(), busy.ID(), leaving.ID(), "unknown"}); err != nil {
		t.Fatal(err)
	}
	for _, s := range []*socket{idleSocket, busySocket} {
		if op, payload := s.read(); op != 8 || payload[:2] != "\x03\xe9" {
			t.Errorf("got opcode %d, %q; want a close with 1001", op, payload)
		}
	}
	m.Closed(idle, gone) // their sockets end
	m.Closed(busy, gone)
	if left := m.copies(); len(left) != 1 || left[0].ClientID != mine.ID() {
		t.Errorf("%d clients are on record", len(left))
	}
	if n, _ := m.store.Size(webhooks.OutboxPrefix); n != 0 {
		t.Errorf("%d events are in the outbox", n)
	}
	if err := m.GiveUp(t.Context(), []string{idle.ID(), busy.ID(), leaving.ID()}); err != nil {
		t.Errorf("again: %v", err)
	}

	back.answers(nil)
	m.fence.set(true)
	wait.For(t, "the others' events", func() bool { return len(back.of(mine.ID())) == 2 })
	m.Closed(mine, gone)
	wait.For(t, "nothing left to do", func() bool { return m.clients.len() == 0 && m.records() == 0 })
	if n := back.count(); n != seen+2 {
		t.Errorf("%d events came afterwards, want the message and the close of one client", n-seen)
	}
	if w := m.waiting.Load(); w != 0 || m.waitingBytes.Load() != 0 {
		t.Errorf("%d events, %d bytes are counted as waiting", w, m.waitingBytes.Load())
	}
}

// A node that comes back with its disk first hears which clients are others' now. Of
// what it has on record of them nothing is told.
func TestGiveUpWhatIsOnRecord(t *testing.T) {
	back := newApplication(t)
	m := newMember(t, "a", back, nil)
	var clients []*hub.Client
	for range 2 {
		c, _ := m.connect("u")
		clients = append(clients, c)
	}
	back.answers(func(*protocol.Event) int { return 503 })
	for _, c := range clients {
		m.Message(c, text("x"))
		m.Message(c, text("y"))
		m.Closed(c, gone)
	}
	wait.For(t, "attempts", func() bool { return back.count() >= 4 })
	m.end() // messages and closes are on record
	back.answers(nil)

	again := readMember(t, "a", back, m.store)
	if err := again.GiveUp(t.Context(), []string{clients[0].ID()}); err != nil {
		t.Fatal(err)
	}
	again.begin()
	wait.For(t, "the other client's events", func() bool { return len(back.of(clients[1].ID())) == 4 })
	wait.For(t, "nothing left to do", func() bool { return again.clients.len() == 0 && again.records() == 0 })
	if events := back.of(clients[0].ID()); len(events) > 2 {
		t.Errorf("%d events of a client that was given up", len(events))
	}
}

// While clients are given up that come and go and speak, nothing is lost count of.
func TestGiveUpAtAnyMoment(t *testing.T) {
	back := newApplication(t)
	m := newMember(t, "a", back, nil)
	for round := range 30 {
		var ids []string
		var clients []*hub.Client
		for range 4 {
			c, _ := m.connect("u")
			clients = append(clients, c)
			ids = append(ids, c.ID())
		}
		done := make(chan struct{})
		go func() {
			defer close(done)
			for i, c := range clients {
				for range i + round%3 {
					m.Message(c, text("x"))
				}
				m.Closed(c, gone)
			}
		}()
		if round%2 == 0 {
			time.Sleep(time.Duration(round) * 20 * time.Microsecond) // anywhere in it
		}
		if err := m.GiveUp(t.Context(), ids); err != nil {
			t.Fatal(err)
		}
		<-done
	}
	wait.For(t, "nothing left to do", func() bool { return m.clients.len() == 0 && m.records() == 0 })
	if w := m.waiting.Load(); w != 0 || m.waitingBytes.Load() != 0 {
		t.Errorf("%d events, %d bytes are counted as waiting", w, m.waitingBytes.Load())
	}
	if n := len(m.unfinished.begun); n != 0 {
		t.Errorf("%d clients are still followed", n)
	}
}

// So with a client that is just being closed, whose socket hasn't ended yet: what it had
// sent comes to nobody any more, nor does its close.
func TestGiveUpOfAClientThatIsBeingClosed(t *testing.T) {
	back := newApplication(t)
	m := newMember(t, "a", back, nil)
	c, _ := m.connect("u")
	m.fence.set(false)
	m.Message(c, text("x"))
	if !c.Close(hub.Cause{Code: 4100, Initiator: protocol.ByBackend}, nil, false) {
		t.Fatal("it was closed before")
	}
	if err := m.GiveUp(t.Context(), []string{c.ID()}); err != nil {
		t.Fatal(err)
	}
	if n := m.records(); n != 0 {
		t.Errorf("%d records are left", n)
	}
	m.fence.set(true)
	m.Closed(c, gone)
	wait.For(t, "nothing left to do", func() bool { return m.clients.len() == 0 })
	if n := back.count(); n != 1 {
		t.Errorf("%d events came afterwards", n-1)
	}
}

// A node that ends doesn't say that it has given its clients up: what its webhooks were
// at is kept for its next start, which does.
func TestGiveUpOfANodeThatEnds(t *testing.T) {
	back := newApplication(t)
	m := newMember(t, "a", back, nil)
	c, _ := m.connect("u")
	back.answers(func(*protocol.Event) int { return 0 })
	m.Message(c, text("x"))
	wait.For(t, "an attempt under way", func() bool { return back.count() == 2 })
	m.Stop()
	m.sent.Abort()
	m.Closed(c, gone)
	wait.For(t, "what is left is on record", func() bool { return m.clients.len() == 0 })
	if err := m.GiveUp(t.Context(), []string{c.ID()}); err == nil {
		t.Error("it says that nothing is on record")
	}
	m.end()
	back.answers(nil)

	again := readMember(t, "a", back, m.store)
	if err := again.GiveUp(t.Context(), []string{c.ID()}); err != nil {
		t.Fatal(err)
	}
	again.begin()
	wait.For(t, "nothing left to do", func() bool { return again.clients.len() == 0 && again.records() == 0 })
	if n := back.count(); n != 2 {
		t.Errorf("%d events came at the next start", n-2)
	}
}
