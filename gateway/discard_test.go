package gateway

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"testing"

	"gatepost/hub"
	"gatepost/protocol"
	"gatepost/store"
	"gatepost/test/counted"
	"gatepost/test/wait"
)

// discarding closes a client so that its waiting messages are dropped.
func (m *member) discarding(c *hub.Client) {
	m.t.Helper()
	result, err := m.Do(m.t.Context(), &protocol.Action{Verb: protocol.VerbClose, Target: protocol.Target{Clients: []string{c.ID()}},
		Code: 4100, Discard: true})
	if err != nil || result != (protocol.Closed{Matched: 1, Closed: 1}) {
		m.t.Fatalf("closing gives %v, %v", result, err)
	}
}

// types are what a backend saw of a client, in order.
func (a *application) types(id string) (types []protocol.EventType) {
	for _, ev := range a.of(id) {
		types = append(types, ev.Type)
	}
	return types
}

func copied(s *store.Memory) *store.Memory {
	c := store.NewMemory()
	_ = s.Scan("", func(key string, value []byte) error {
		c.Put(key, value)
		return nil
	})
	return c
}

// A client that is closed with discard leaves nothing behind but what was under way, and its
// close: not here, where what it goes on to send is dropped too, nor at the next start of a
// node that dies once that is answered.
func TestCloseThatDiscards(t *testing.T) {
	for name, status := range map[string]int{"a message under way": 0, "a message that waits to be sent again": 503} {
		for _, durable := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, durable %v", name, durable), func(t *testing.T) {
				back := newApplication(t)
				back.answers(func(ev *protocol.Event) int {
					if ev.Type == protocol.Inbound {
						return status
					}
					return 200
				})
				m := newMember(t, "a", back, nil)
				m.cfg.DurableMessages = durable
				c, socket := m.connect("u")
				other, _ := m.connect("v")
				for range 5 {
					m.Message(c, text("x"))
					m.Message(other, text("y"))
				}
				wait.For(t, "the first message", func() bool { return len(back.of(c.ID())) == 2 })

				m.discarding(c)
				killed := copied(m.store)
				if op, payload := socket.read(); op != 8 || payload[:2] != "\x10\x04" {
					t.Errorf("got opcode %d, %q; want a close with 4100", op, payload)
				}
				m.Message(c, text("late"))
				m.Closed(c, gone)
				want := []protocol.EventType{protocol.Connect, protocol.Inbound, protocol.Close}
				if status != 0 {
					wait.For(t, "the close", func() bool { return slices.Equal(back.types(c.ID()), want) })
					wait.For(t, "nothing of it on record", func() bool { return left(m.store, c.ID()) == 0 })
				}
				if n := len(laneOf(other).waiting); n != 5 {
					t.Errorf("%d messages of another client wait, want 5", n)
				}
				m.end()

				back.answers(nil)
				next := newMember(t, "a", back, killed)
				wait.For(t, "the next start ends it", func() bool { return next.clients.len() == 0 && next.records() == 0 })
				if got := back.types(c.ID()); !slices.Equal(got, want) {
					t.Errorf("the backend saw %v, want %v", got, want)
				}
			})
		}
	}
}

// left is how much is on record of a client.
func left(s *store.Memory, id string) (n int) {
	_ = s.Scan("", func(key string, _ []byte) error {
		if ClientOf(key) == id {
			n++
		}
		return nil
	})
	return n
}

// A handler that closes the client whose message it has, and drops what waits behind it, is
// told of the close next.
func TestReplyThatClosesAndDiscards(t *testing.T) {
	f := newFixtureWith(t, newNotebook())
	f.backend.answer = func(ev *protocol.Event) protocol.Outcome {
		if ev.Type == protocol.Inbound {
			return accepted(`{"actions":[{"action":"close","code":4100,"discard":true}]}`, ev)
		}
		return accepted(`{}`, ev)
	}
	c, s := f.connect()
	s.read()
	go func() {
		for range 100 {
			f.Message(c, text("x"))
		}
		f.Closed(c, gone)
	}()
	wait.For(t, "its end", func() bool { return f.clients.len() == 0 })
	events := f.backend.seen()
	if len(events) != 3 || events[1].Type != protocol.Inbound || events[2].Type != protocol.Close || events[2].Data.Close.Code != 4100 {
		t.Errorf("%d events, want the connect, one message and the close", len(events))
	}
	if events[2].Data.Seq <= events[1].Data.Seq {
		t.Errorf("the close is numbered %d", events[2].Data.Seq)
	}
}

// A record that says that the messages are dropped has them dropped wherever they are
// read: also where their deletes were lost.
func TestDiscardOutlivesItsDeletes(t *testing.T) {
	n := newNotebook()
	f := newFixtureWith(t, n)
	f.cfg.DurableMessages = true
	hold := make(chan struct{})
	defer close(hold)
	f.backend.answer = func(ev *protocol.Event) protocol.Outcome {
		if ev.Type == protocol.Inbound {
			<-hold
		}
		return accepted(`{}`, ev)
	}
	c, _ := f.connect()
	for range 3 {
		f.Message(c, text("x"))
	}
	f.waitEvents(2)
	if n.len() != 4 {
		t.Fatalf("%d records, want the client and three messages", n.len())
	}
	n.mu.Lock()
	values := maps.Clone(n.values)
	n.mu.Unlock()
	f.do(`{"action":"close","clients":["` + c.ID() + `"],"discard":true}`)
	n.mu.Lock()
	maps.DeleteFunc(values, func(key string, _ []byte) bool { return n.values[key] != nil })
	maps.Copy(n.values, values)
	n.mu.Unlock()
	after := restart(t, n)
	after.finished(n)
	if events := after.backend.seen(); len(events) != 1 || events[0].Type != protocol.Close {
		t.Errorf("%d events, want the close", len(events))
	}
}

// A journal that can't be written keeps no close from being carried out.
func TestDiscardWithoutAJournalThatWrites(t *testing.T) {
	n := newNotebook()
	f := newFixtureWith(t, n)
	c, _ := f.connect()
	n.breakDown(errors.New("no space left on device"))
	f.wantDo(`{"action":"close","clients":["`+c.ID()+`"],"discard":true}`, `{"matched":1,"closed":1}`)
	n.breakDown(nil)
	f.Closed(c, gone)
	f.finished(n)
}

// A close through another node drops messages too.
func TestDiscardAcrossNodes(t *testing.T) {
	_, nodes := newMesh(t, "a", "b")
	b := nodes[1]
	hold := make(chan struct{})
	b.backend.answer = func(ev *protocol.Event) protocol.Outcome {
		if ev.Type == protocol.Inbound {
			<-hold
		}
		return accepted(`{}`, ev)
	}
	admission, err := b.Connect(t.Context(), &protocol.Handshake{UID: "u"})
	if err != nil {
		t.Fatal(err)
	}
	c := admission.Client
	b.Open(c, &tape{}, nil, "")
	for range 5 {
		b.Message(c, text("x"))
	}
	wait.For(t, "the first message", func() bool { return len(b.backend.seen()) == 2 })
	result, err := nodes[0].Do(t.Context(), &protocol.Action{Verb: protocol.VerbClose, Target: protocol.Target{UIDs: []string{"u"}}, Code: 1000, Discard: true})
	if err != nil || result != (protocol.Closed{Matched: 1, Closed: 1}) {
		t.Fatalf("closing gives %v, %v", result, err)
	}
	close(hold)
	b.Closed(c, gone)
	wait.For(t, "its end", func() bool { return b.clients.len() == 0 })
	if events := b.backend.seen(); len(events) != 3 || events[2].Type != protocol.Close {
		t.Errorf("%d events, want the connect, one message and the close", len(events))
	}
	if n := counted.Of(t, b.registry, "gatepost_messages_discarded_total").Sum(); n != 4 {
		t.Errorf("%v messages are counted as discarded", n)
	}
}
