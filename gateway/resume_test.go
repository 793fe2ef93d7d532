package gateway

import (
	"fmt"
	"testing"

	"gatepost/protocol"
	"gatepost/webhooks"
)

// crowd puts clients of this path on record.
func (n *notebook) crowd(path string, clients int) {
	for i := range clients {
		n.Put(fmt.Sprintf("%s%s%d", clientPrefix, path[1:], i), fmt.Appendf(nil, `{"path":%q,"seq":256}`, path))
	}
}

// However many clients were left, only so many are worked on at once, and those
// whose backend is away hold up nobody else's. A drain leaves them on record.
func TestManyAreResumedInTurn(t *testing.T) {
	const dead, alive = resumedAtOnce + 500, 500
	n := newNotebook()
	n.crowd("/dead", dead)
	n.crowd("/alive", alive)
	f := newFixtureWith(t, n)
	var closed pending
	for range resumedAtOnce + alive {
		closed.add()
	}
	f.backend.answer = func(ev *protocol.Event) protocol.Outcome {
		closed.done()
		if ev.Data.ClientID[0] == 'd' {
			return f.aborted(ev)
		}
		return accepted("", ev)
	}
	begin, err := f.Recover(nil)
	if clients := f.clients.len(); clients != dead+alive || err != nil {
		t.Fatalf("%d clients, %v", clients, err)
	}
	begin()
	if err := closed.wait(t.Context()); err != nil {
		t.Fatal(err)
	}
	f.stop()
	if err := f.Drain(t.Context(), 0); err != nil || f.clients.len() != 0 {
		t.Errorf("%v; %d clients are left", err, f.clients.len())
	}
	if n.len() != dead {
		t.Errorf("%d clients are on record, want %d", n.len(), dead)
	}
	after := restart(t, n)
	after.finished(n)
	if got := len(after.backend.seen()); got != dead {
		t.Errorf("%d closes came at the next start", got)
	}
}

// A kept event of a client whose close nobody wants doesn't keep a node from
// ending.
func TestKeptEventWithoutAClose(t *testing.T) {
	n := newNotebook()
	after := restart(t, n, webhooks.KeptEvent{Path: "/ws", Event: &protocol.Event{
		Type: protocol.Inbound, ID: "evt_c_1", Data: protocol.EventData{ClientID: "c", Seq: 1},
	}})
	after.finished(n)
}
