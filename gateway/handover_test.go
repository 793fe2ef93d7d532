package gateway

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"gatepost/cluster"
	"gatepost/protocol"
	"gatepost/test/wait"
	"gatepost/webhooks"
)

// heir is a Successor that gives all to a member, a few entries at a time.
type heir struct {
	to   *member
	from cluster.Node
	most int // entries before it fails; 0: it doesn't
}

var errDied = errors.New("the successor died")

func (h heir) HandOver(ctx context.Context, scan func(fn func(string, []byte) error) error) error {
	var part []cluster.Entry
	n := 0
	err := scan(func(key string, value []byte) error {
		if n++; h.most > 0 && n > h.most {
			return errDied
		}
		part = append(part, cluster.Entry{Key: key, Value: value})
		if len(part) < 2 {
			return nil
		}
		all := part
		part = nil
		return h.to.Adopt(ctx, h.from, all)
	})
	if err == nil && len(part) > 0 {
		err = h.to.Adopt(ctx, h.from, part)
	}
	return err
}

// A node that leaves while its backend is away gives what it couldn't deliver to
// another one, which delivers it: each client's events in order, the close last, in
// the name of the node that they were made on. Dead letters go along.
func TestHandOver(t *testing.T) {
	back := newApplication(t)
	a, b := newMember(t, "a", back, nil), newMember(t, "b", back, nil)
	const clients, messages = 5, 6
	var ids []string
	for i := range clients {
		c, _ := a.connect(fmt.Sprint("u", i))
		ids = append(ids, c.ID())
	}
	odd, _ := a.connect("odd")
	back.answers(func(*protocol.Event) int { return 422 }) // its message is a dead letter
	a.Message(odd, text("bad"))
	wait.For(t, "a dead letter", func() bool { return a.sent.Stats()[0].Dead == 1 })
	back.answers(func(*protocol.Event) int { return 503 })
	for i := range messages {
		for _, id := range ids {
			c, _ := a.hub.Client(id)
			a.Message(c, text(fmt.Sprint(i)))
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	drained := make(chan error, 1)
	go func() { drained <- a.Drain(ctx, 0) }()
	for _, id := range append(ids, odd.ID()) { // what the sockets' readers do
		if c, ok := a.hub.Client(id); ok {
			a.Closed(c, goingAway)
		}
	}
	if err := <-drained; err != nil {
		t.Fatal(err)
	}
	a.end()
	owed := a.records()
	if _, err := a.HandOver(ctx, heir{to: b, from: a.node(), most: owed / 2}); !errors.Is(err, errDied) {
		t.Fatalf("error %v", err)
	}
	if n := a.records(); n != owed {
		t.Fatalf("%d of %d entries are left although nobody took them", n, owed)
	}
	if n, err := a.HandOver(ctx, heir{to: b, from: a.node()}); err != nil || n != owed+1 {
		t.Fatalf("%d entries, %v; want %d and a dead letter", n, err, owed)
	}
	if keys, _ := a.store.Size(""); a.records() != 0 || keys != 0 {
		t.Errorf("%d entries are left", a.records())
	}
	back.answers(nil)
	for _, id := range ids {
		wait.For(t, "the events of "+id, func() bool { return len(back.of(id)) == messages+2 })
		for i, ev := range back.of(id) {
			if ev.Data.Seq != uint64(i) || ev.Data.Node != "a" || (ev.Type == protocol.Close) != (i == messages+1) {
				t.Errorf("event %d is %s %d of node %s", i, ev.Type, ev.Data.Seq, ev.Data.Node)
			}
		}
		if ev := back.of(id)[messages+1]; ev.Data.Close.Code != 1001 || ev.Data.Close.Initiator != protocol.ByGateway {
			t.Errorf("the close is %+v", ev.Data.Close)
		}
	}
	wait.For(t, "nothing left to do", func() bool { return b.clients.len() == 0 && b.records() == 0 })
	letters, _, err := b.sent.Dead(ctx, protocol.Page{Limit: 10})
	if err != nil || len(letters) != 1 || letters[0].ClientID != odd.ID() {
		t.Errorf("dead letters: %+v, %v", letters, err)
	}
	if letters, _, _ := b.sent.Dead(ctx, protocol.Page{Limit: 10}); len(letters) > 0 {
		if l, err := b.sent.DeadLetter(ctx, letters[0].ID); err != nil || l == nil {
			t.Errorf("the letter can't be read: %v", err)
		}
	}
}

func TestClientOf(t *testing.T) {
	for key, want := range map[string]string{
		clientPrefix + "abc": "abc", messageKey("abc", 7): "abc", webhooks.OutboxPrefix + protocol.EventID("abc", 7): "abc",
		webhooks.OutboxPrefix + protocol.CloseEventID("abc"): "abc", webhooks.LetterPrefix + protocol.EventID("abc", 1): "abc",
		lastKey: "", "x/abc": "", "": "", webhooks.OutboxPrefix + "evt_": "", messagePrefix + "abc": "",
	} {
		if got := ClientOf(key); got != want {
			t.Errorf("%q: got %q, want %q", key, got, want)
		}
	}
}

// A node that has nothing on record needs nobody who would take it, and one that is
// cut off gives nothing away that may be another's already.
func TestHandOverOfNothing(t *testing.T) {
	back := newApplication(t)
	a, b := newMember(t, "a", back, nil), newMember(t, "b", back, nil)
	if n, err := a.HandOver(t.Context(), heir{to: b, from: a.node(), most: 1}); n != 0 || err != nil {
		t.Errorf("%d, %v", n, err)
	}
	if _, _ = a.connect("u"); a.records() != 1 {
		t.Fatal("the client isn't on record")
	}
	a.fence.set(false)
	if _, err := a.HandOver(t.Context(), heir{to: b, from: a.node()}); err == nil || b.records() != 0 {
		t.Errorf("a node that is cut off has handed over: %v", err)
	}
}

// What was adopted survives its new node, and an entry that makes no sense does no
// harm.
func TestAdoptedIsDurable(t *testing.T) {
	back := newApplication(t)
	b := newMember(t, "b", back, nil)
	from := cluster.Node{Name: "a", Tag: protocol.NodeTag("a")}
	b.fence.set(false)
	err := b.Adopt(t.Context(), from, []cluster.Entry{
		{Key: "e/evt_x_1", Value: []byte("nonsense")}, {Key: "d/evt_x_1", Value: nil}, {Key: "m/x", Value: []byte("{}")},
		{Key: "m/x/1", Value: []byte("{")}, {Key: "q/x", Value: []byte("{}")}, {Key: "", Value: nil},
		{Key: messageKey("x", 2), Value: fmt.Appendf(nil, `{"payload":"aGk=","at":%q}`, time.Now().Format(time.RFC3339))},
		{Key: "c/x", Value: []byte(`{"uid":"u","path":"/ws","seq":3}`)},
	})
	if err != nil {
		t.Fatal(err)
	}
	b.end()
	newMember(t, "b", back, b.store)
	wait.For(t, "a message and a close", func() bool { return len(back.of("x")) == 2 })
	if ev := back.of("x"); ev[0].Data.Seq != 2 || string(ev[0].Data.Message.Payload) != "hi" || ev[1].Type != protocol.Close ||
		ev[0].Data.Node != "a" || ev[1].Data.Node != "a" {
		t.Errorf("got %+v", ev)
	}
}

// Where a part of what a node hands over comes by another way first, or several times,
// all of it is told, in order, the close last.
func TestAdoptInPieces(t *testing.T) {
	for _, shut := range []bool{true, false} {
		back := newApplication(t)
		b := newMember(t, "b", back, nil)
		if shut {
			b.fence.set(false)
		}
		message := func(seq uint64) cluster.Entry {
			return cluster.Entry{Key: messageKey("x", seq), Value: fmt.Appendf(nil, `{"payload":"aGk=","at":%q}`, time.Now().Format(time.RFC3339))}
		}
		record := cluster.Entry{Key: "c/x", Value: []byte(`{"uid":"u","path":"/ws","seq":9}`)}
		end := cluster.Entry{Key: lastKey}
		for _, part := range []struct {
			from    string
			entries []cluster.Entry
		}{
			{"c", []cluster.Entry{message(1)}}, {"c", []cluster.Entry{end}},
			{"a", []cluster.Entry{message(1), message(2)}}, {"a", []cluster.Entry{message(3), record, end}},
			{"d", []cluster.Entry{record, end}},
		} {
			if err := b.Adopt(t.Context(), cluster.Node{Name: part.from, Tag: protocol.NodeTag(part.from)}, part.entries); err != nil {
				t.Fatal(err)
			}
		}
		if shut {
			b.fence.set(true)
		}
		wait.For(t, "all of it", func() bool { return len(back.of("x")) == 4 && b.clients.len() == 0 })
		for i, ev := range back.of("x") {
			if want := []uint64{1, 2, 3, 9}[i]; ev.Data.Seq != want {
				t.Errorf("event %d has the number %d, want %d", i, ev.Data.Seq, want)
			}
		}
		if b.records() != 0 {
			t.Errorf("%d entries are left", b.records())
		}
	}
}

// A node that ends takes nothing from others: it may have given its own away by then.
func TestEndingNodeAdoptsNothing(t *testing.T) {
	back := newApplication(t)
	b := newMember(t, "b", back, nil)
	b.Stop()
	if err := b.Adopt(t.Context(), cluster.Node{Name: "a"}, []cluster.Entry{{Key: "c/x", Value: []byte("{}")}}); err == nil || b.records() != 0 {
		t.Errorf("adopted: %v", err)
	}
	if err := b.TakeOver(t.Context(), cluster.Node{Name: "a"}, []cluster.Copy{{ClientID: "x", Record: []byte("{}")}}); err == nil || b.records() != 0 {
		t.Errorf("taken over: %v", err)
	}
}

// held is a journal whose Put waits until it is let go.
type held struct {
	Journal
	reached, letGo chan struct{}
}

func (h held) Put(key string, value []byte) Commit {
	close(h.reached)
	<-h.letGo
	return h.Journal.Put(key, value)
}

// What a node had begun to take when it ended is a part of what it hands over.
func TestHandOverWaitsForWhatIsBeingTaken(t *testing.T) {
	back := newApplication(t)
	for name, take := range map[string]func(*member) error{
		"adopted": func(b *member) error {
			return b.Adopt(t.Context(), cluster.Node{Name: "a"}, []cluster.Entry{{Key: "c/x", Value: []byte("{}")}})
		},
		"taken over": func(b *member) error {
			return b.TakeOver(t.Context(), cluster.Node{Name: "a"}, []cluster.Copy{{ClientID: "x", Record: []byte("{}")}})
		},
	} {
		t.Run(name, func(t *testing.T) {
			b, heirs := newMember(t, "b", back, nil), newMember(t, "c", back, nil)
			journal := held{b.cfg.Journal, make(chan struct{}), make(chan struct{})}
			b.cfg.Journal = journal
			taken := make(chan error, 1)
			go func() { taken <- take(b) }()
			<-journal.reached
			b.Stop()
			handed := make(chan int, 1)
			go func() {
				n, err := b.HandOver(t.Context(), heir{to: heirs, from: b.node()})
				if err != nil {
					t.Error(err)
				}
				handed <- n
			}()
			wait.For(t, "it waits", func() bool {
				b.receiving.mu.Lock()
				defer b.receiving.mu.Unlock()
				return b.receiving.idle != nil || len(handed) > 0
			})
			close(journal.letGo)
			if err := <-taken; err != nil {
				t.Error(err)
			}
			if n := <-handed; n != 1 {
				t.Errorf("%d entries were handed over, want the one that it has", n)
			}
		})
	}
}

var _ Outbox = (*webhooks.Dispatcher)(nil)
