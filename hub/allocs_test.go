package hub

import (
	"fmt"
	"runtime"
	"testing"

	"gatepost/protocol"
)

// A push allocates nothing for the clients that it goes to, however many.
func TestPushAllocatesNothingForEachClient(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector empties pools at random")
	}
	const clients, most = 1000, 20 // for the push as a whole
	h := newHub(t, Options{})
	for i := range clients {
		openSilently(t, h, fmt.Sprint("c", i), "", "room")
	}
	room := protocol.Target{Groups: []string{"room"}}
	f := text("hello")
	push := func() {
		if got := h.Push(room, protocol.Target{}, f); got.Queued != clients {
			t.Fatalf("queued for %d clients; want %d", got.Queued, clients)
		}
		for h.opts.Metrics.waiting.Load() > 0 {
			runtime.Gosched()
		}
	}
	for range 5 {
		push() // fills the pools
	}
	if got := testing.AllocsPerRun(50, push); got > most {
		t.Errorf("a push to %d clients allocates %.0f times; want at most %d", clients, got, most)
	}
}

// A message to one client, which leaves before Send returns, allocates hardly more.
func TestSendAllocatesOnceAtMost(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector empties pools at random")
	}
	h := newHub(t, Options{})
	c := admit(h, "c", "")
	c.Open(readingPeer(t), nil, nil)
	t.Cleanup(func() { c.Close(Cause{Code: protocol.CloseNormal}, nil, true) })
	f := text("hello")
	c.Send(f)
	if got := testing.AllocsPerRun(200, func() { c.Send(f) }); got > 1 { // net's RawConn
		t.Errorf("a message to one client allocates %.0f times; want at most once", got)
	}
}
