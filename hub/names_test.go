package hub

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"

	"gatepost/protocol"
)

// told notes what a hub says of its names, and that what it says makes sense.
type told struct {
	mu    sync.Mutex
	calls []string
	there map[string]bool
	wrong []string // names that came while they were there, or went while they weren't
}

func (n *told) names(kind NameKind, name string, present bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.there == nil {
		n.there = map[string]bool{}
	}
	key := fmt.Sprintf("%c%s", " ug"[kind], name)
	sign := "-"
	if present {
		sign = "+"
	}
	n.calls = append(n.calls, sign+key)
	if n.there[key] == present {
		n.wrong = append(n.wrong, sign+key)
	}
	n.there[key] = present
}

// take is what was said since the last call, in order.
func (n *told) take() []string {
	n.mu.Lock()
	defer n.mu.Unlock()
	calls := n.calls
	n.calls = nil
	return calls
}

// A name is told of when its first client comes, be it still connecting, and when
// its last one has gone, whatever takes it away; nothing else is.
func TestNamesComeAndGo(t *testing.T) {
	var n told
	h := newHub(t, Options{Names: n.names})
	want := func(step string, calls ...string) {
		t.Helper()
		if got := n.take(); !slices.Equal(got, calls) {
			t.Errorf("%s: told %q, want %q", step, got, calls)
		}
	}
	a := admit(h, "a", "1", "x", "y")
	want("a connects", "+u1", "+gx", "+gy")
	b := admit(h, "b", "1", "x")
	want("b connects with the same names")
	b.Open(sinkConn{}, nil, nil)
	want("b opens")
	a.Bind("1")
	want("a is bound to the uid that it has")
	a.Bind("2")
	want("a gets another uid", "+u2")
	_, _ = a.LeaveGroups([]string{"x", "y", "z"})
	want("a leaves", "-gy")
	_, _ = b.Join([]string{"x", "z"})
	want("b joins", "+gz")
	b.Bind("2")
	want("b follows to the uid", "-u1")
	a.Leave(Cause{Code: 1006})
	want("a is refused")
	h.Dissolve("x")
	want("a group is dissolved", "-gx")
	b.Close(Cause{Code: 1000}, nil, true)
	want("b is closed", "-gz", "-u2")
	h.Restore("r", &protocol.Handshake{UID: "9", Groups: []string{"x"}}, b.ConnectedAt(), Cause{}, nil)
	want("a client is restored, which is closing from the start")
}

// Whatever is done at once, each name comes and goes by turns, and in the end what
// was told is what there is.
func TestNamesAreToldInOrder(t *testing.T) {
	var n told
	h := newHub(t, Options{Names: n.names})
	var (
		wg   sync.WaitGroup
		mu   sync.Mutex
		left []*Client
	)
	for w := range 8 {
		wg.Go(func() {
			r := rand.New(rand.NewPCG(2, uint64(w)))
			name := func() string { return fmt.Sprint(r.IntN(3)) }
			for round := range 200 {
				c := admit(h, fmt.Sprintf("w%dr%d", w, round), name(), name())
				for range 5 {
					switch r.IntN(4) {
					case 0:
						c.Bind(name())
					case 1:
						_, _ = c.Join([]string{name()})
					case 2:
						_, _ = c.LeaveGroups([]string{name()})
					default:
						h.Dissolve(name())
					}
				}
				if r.IntN(50) == 0 {
					mu.Lock()
					left = append(left, c)
					mu.Unlock()
					continue
				}
				c.Leave(Cause{Code: 1006})
			}
		})
	}
	wg.Wait()
	if len(n.wrong) > 0 {
		t.Errorf("told out of turn: %q", n.wrong)
	}
	want := map[string]bool{}
	for _, c := range left {
		who := c.Identity()
		if who.UID != "" {
			want["u"+who.UID] = true
		}
		for _, g := range who.Groups {
			want["g"+g] = true
		}
	}
	for key, there := range n.there {
		if there != want[key] {
			t.Errorf("in the end %s is there: %v, want %v", key, there, want[key])
		}
	}
	for _, c := range left {
		c.Leave(Cause{Code: 1006})
	}
	for key, there := range n.there {
		if there {
			t.Errorf("nobody is left, but %s is there", key)
		}
	}
}
