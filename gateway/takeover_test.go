package gateway

import (
	"errors"
	"testing"

	"gatepost/cluster"
	"gatepost/protocol"
	"gatepost/test/wait"
)

// A survivor closes the clients of a lost node: once each, as that node had them on
// record, numbered above all that it told of them, and in its name.
func TestTakeOver(t *testing.T) {
	back := newApplication(t)
	a := newMember(t, "a", back, nil)
	ids := map[string]uint64{}
	for _, uid := range []string{"u1", "u2", ""} {
		c, _ := a.connect(uid)
		for range 3 {
			a.Message(c, text("x"))
		}
		wait.For(t, "all messages", func() bool { return len(back.of(c.ID())) == 4 })
		ids[c.ID()] = 3
	}
	copies := a.copies()
	a.end()
	if len(copies) != len(ids) {
		t.Fatalf("%d copies", len(copies))
	}

	b := newMember(t, "b", back, nil)
	for range 2 { // who tells it may do so again
		if err := b.TakeOver(t.Context(), a.node(), copies); err != nil {
			t.Fatal(err)
		}
	}
	for id, last := range ids {
		wait.For(t, "the close of "+id, func() bool { return len(back.of(id)) == 5 })
		ev := back.of(id)[4]
		d := ev.Data
		if ev.ID != protocol.CloseEventID(id) || d.Close.Initiator != protocol.ByNodeLost || d.Close.Code != 1006 || d.Node != "a" ||
			d.Seq <= last || string(d.Session) != `{"n":1}` || len(d.Groups) != 1 || (d.UID == nil) != (back.of(id)[0].Data.UID == nil) {
			t.Errorf("the close is %+v with %+v", d, d.Close)
		}
	}
	wait.For(t, "nothing on record", func() bool { return b.records() == 0 })
}

// What was taken over survives its survivor: a node that dies before all is told goes
// on at its next start, or yet another node does, under the same ids.
func TestTakingOverSurvivesItsNode(t *testing.T) {
	back := newApplication(t)
	a := newMember(t, "a", back, nil)
	c, _ := a.connect("u")
	copies := a.copies()
	a.end()
	b := newMember(t, "b", back, nil)
	b.fence.set(false) // so that nothing is told yet
	if err := b.TakeOver(t.Context(), a.node(), copies); err != nil {
		t.Fatal(err)
	}
	ofB := b.copies()
	b.end()
	if n := len(back.of(c.ID())); n != 1 {
		t.Fatalf("%d events; the fence is shut", n)
	}
	newMember(t, "b", back, b.store)
	third := newMember(t, "c", back, nil)
	if err := third.TakeOver(t.Context(), b.node(), ofB); err != nil {
		t.Fatal(err)
	}
	wait.For(t, "both have told it", func() bool { return back.count() == 3 })
	events := back.of(c.ID())
	if len(events) != 2 || events[1].ID != protocol.CloseEventID(c.ID()) || events[1].Data.Node != "a" {
		t.Errorf("got %+v", events)
	}
}

// What can't be kept isn't taken over: the caller tries again, or another node.
func TestTakeOverIsDurable(t *testing.T) {
	n := newNotebook()
	broken := errors.New("disk full")
	n.breakDown(broken)
	f := newFixtureWith(t, n)
	copies := []cluster.Copy{{ClientID: "c1", Record: []byte(`{"uid":"u","path":"/ws","seq":256}`)}}
	if err := f.TakeOver(t.Context(), cluster.Node{Name: "a", Tag: "t"}, copies); !errors.Is(err, broken) {
		t.Fatalf("error %v", err)
	}
	n.breakDown(nil)
	if err := f.TakeOver(t.Context(), cluster.Node{Name: "a", Tag: "t"}, copies); err != nil {
		t.Fatal(err)
	}
	if ev := f.waitEvents(1)[0]; ev.ID != protocol.CloseEventID("c1") {
		t.Errorf("got %+v", ev)
	}
	f.finished(n)
}

// A record that can't be read still has its client closed.
func TestUnreadableCopyIsClosedToo(t *testing.T) {
	n := newNotebook()
	f := newFixtureWith(t, n)
	if err := f.TakeOver(t.Context(), cluster.Node{Name: "a"}, []cluster.Copy{{ClientID: "c1", Record: []byte(`{"uid":`)}}); err != nil {
		t.Fatal(err)
	}
	if ev := f.waitEvents(1)[0]; ev.ID != protocol.CloseEventID("c1") || ev.Data.Node != "a" {
		t.Errorf("got %+v", ev)
	}
	f.finished(n)
}
