package hub

import (
	"slices"
	"testing"

	"gatepost/protocol"
	"gatepost/test/wait"
)

func TestSelect(t *testing.T) {
	h := newHub(t, Options{})
	openSilently(t, h, "a", "1", "red")
	openSilently(t, h, "b", "1", "red", "blue")
	openSilently(t, h, "c", "2", "blue")
	admit(h, "x", "2", "red") // connecting
	type target = protocol.Target
	tests := []struct {
		name    string
		t       target
		except  target
		clients []string
	}{
		{"nobody", target{}, target{}, []string{}},
		{"one", target{Clients: []string{"a"}}, target{}, []string{"a"}},
		{"one that isn't there", target{Clients: []string{"gone"}}, target{}, []string{}},
		{"one named twice", target{Clients: []string{"a", "a"}}, target{}, []string{"a"}},
		{"connecting by id", target{Clients: []string{"x"}}, target{}, []string{"x"}},
		{"a uid", target{UIDs: []string{"1"}}, target{}, []string{"a", "b"}},
		{"connecting by uid", target{UIDs: []string{"2"}}, target{}, []string{"c", "x"}},
		{"a group", target{Groups: []string{"red"}}, target{}, []string{"a", "b", "x"}},
		{"two groups of one client", target{Groups: []string{"red", "blue"}}, target{}, []string{"a", "b", "c", "x"}},
		{"every way to name it", target{Clients: []string{"a"}, UIDs: []string{"1"}, Groups: []string{"red"}}, target{}, []string{"a", "b", "x"}},
		{"all", target{All: true}, target{}, []string{"a", "b", "c"}},
		{"all and a connecting one", target{All: true, Clients: []string{"x", "a"}}, target{}, []string{"a", "b", "c", "x"}},
		{"all but one", target{All: true}, target{Clients: []string{"b", "gone"}}, []string{"a", "c"}},
		{"all but a uid", target{All: true}, target{UIDs: []string{"1"}}, []string{"c"}},
		{"a group but a group", target{Groups: []string{"red"}}, target{Groups: []string{"blue"}}, []string{"a", "x"}},
		{"all but all", target{All: true}, target{All: true}, []string{}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := ids(h.Select(tt.t, tt.except))
			slices.Sort(got)
			if !slices.Equal(got, tt.clients) {
				t.Errorf("got %v; want %v", got, tt.clients)
			}
			n := len(tt.clients)
			if pushed, want := h.Push(tt.t, tt.except, text("hi")), (protocol.Pushed{Matched: n, Queued: n}); pushed != want {
				t.Errorf("Push reports %+v; want %+v", pushed, want)
			}
		})
	}
}

// A report says who was too slow, and a client that closes is in no report.
func TestPushReport(t *testing.T) {
	h := newHub(t, Options{SendQueue: 1000})
	quick := openSilently(t, h, "quick", "", "room")
	admit(h, "slow", "", "room")
	leaving := openSilently(t, h, "leaving", "", "room")
	leaving.Close(Cause{Code: 1000}, nil, false)
	room := protocol.Target{Groups: []string{"room"}}
	large := text(string(make([]byte, 600)))
	for i, want := range []protocol.Pushed{
		{Matched: 2, Queued: 2},
		{Matched: 2, Queued: 1, Dropped: 1}, // the second doesn't fit beside the first
		{Matched: 1, Queued: 1},
	} {
		if got := h.Push(room, protocol.Target{}, large); got != want {
			t.Errorf("push %d reports %+v; want %+v", i, got, want)
		}
		wait.For(t, "the quick client has taken it", quick.idle)
	}
}
