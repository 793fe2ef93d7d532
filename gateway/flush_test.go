package gateway

import (
	"errors"
	"testing"
	"time"

	"gatepost/protocol"
)

// aborted is a backend's answer that never comes: the delivery ends with the node.
func (f *fixture) aborted(*protocol.Event) protocol.Outcome {
	<-f.life.Done()
	return protocol.Outcome{Verdict: protocol.Aborted}
}

// While a node ends more is written at once than its store may take: what it
// refuses is written again.
func TestWhatTheStoreRefusesAtTheEndIsWrittenAgain(t *testing.T) {
	n := newNotebook()
	f := newFixtureWith(t, n)
	c, s := f.connect()
	s.read()
	f.backend.answer = f.aborted
	f.Message(c, text("one"))
	f.Message(c, text("two"))
	f.waitEvents(2)
	n.breakDown(errors.New("too much waits to be written"))
	f.Closed(c, gone)
	f.stop()
	time.Sleep(3 * flushPause)
	n.breakDown(nil)
	if err := f.Drain(t.Context(), 0); err != nil {
		t.Fatal(err)
	}
	after := restart(t, n)
	events := after.waitEvents(3)
	after.finished(n)
	if events[0].Data.Seq != 1 || events[1].Data.Seq != 2 || events[2].Data.Close == nil || events[2].Data.Seq != 3 {
		t.Errorf("events %d, %d and %d are %v", events[0].Data.Seq, events[1].Data.Seq, events[2].Data.Seq, events)
	}
}

// A message that could not be written as it came is, when the node ends.
func TestDurableMessageThatWasNotWritten(t *testing.T) {
	n := newNotebook()
	f := newFixtureWith(t, n)
	f.cfg.DurableMessages = true
	c, s := f.connect()
	s.read()
	f.backend.answer = f.aborted
	n.breakDown(errors.New("no space left on device"))
	f.Message(c, text("one"))
	f.waitEvents(2)
	n.breakDown(nil)
	f.Closed(c, gone)
	f.stop()
	if err := f.Drain(t.Context(), 0); err != nil {
		t.Fatal(err)
	}
	after := restart(t, n)
	events := after.waitEvents(2)
	after.finished(n)
	if m := events[0].Data.Message; m == nil || string(m.Payload) != "one" {
		t.Errorf("got a %s first", events[0].Type)
	}
}

// Messages that are kept as they come are their client's after a crash, also where
// nobody wants to hear of its close.
func TestDurableMessagesWithoutCloses(t *testing.T) {
	n := newNotebook()
	f := newFixtureWith(t, n)
	f.cfg.DurableMessages = true
	f.backend.unwant[protocol.Close] = true
	c, s := f.connect()
	s.read()
	c.Bind("u")
	f.backend.answer = f.aborted
	f.Message(c, text("one"))
	f.waitEvents(2)

	after := newFixtureWith(t, n)
	after.backend.unwant[protocol.Close] = true
	begin, err := after.Recover(nil)
	if err != nil {
		t.Fatal(err)
	}
	begin()
	ev := after.waitEvents(1)[0]
	after.finished(n)
	if ev.Data.UID == nil || *ev.Data.UID != "u" || ev.Data.ConnectedAt.IsZero() {
		t.Errorf("got %+v", ev.Data)
	}
}
