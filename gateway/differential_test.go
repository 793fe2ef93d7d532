package gateway

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"gatepost/hub"
	"gatepost/protocol"
)

// twin is one client, on its node of the cluster and on the node that is alone.
type twin struct {
	id         string
	node       *meshNode
	here, solo *hub.Client
	tapes      [2]*tape
	opened     bool
	closed     bool
}

// worlds are a cluster and a single node with the same clients. Whatever is asked of
// both must be answered alike.
type worlds struct {
	t     testing.TB
	rng   *rand.Rand
	nodes []*meshNode
	solo  *meshNode
	twins []*twin
	at    time.Time
	steps int
}

func newWorlds(t testing.TB, seed uint64, nodes []*meshNode) *worlds {
	return &worlds{t: t, rng: rand.New(rand.NewPCG(seed, 0)), nodes: nodes, solo: newSolo(t), at: time.Now()}
}

var (
	someUIDs   = []string{"1", "2", "3", "42", "a/b", "*", ">", "ü b", "%", "<&>", "x.y", "u11", "u12", "u13", "u14", "u15"}
	someGroups = []string{"room", "a.b", "*", "%2F", "grün", "g5", "g6", "g7", "g8", "empty"}
)

func pick[T any](w *worlds, of []T) T { return of[w.rng.IntN(len(of))] }

func picks(w *worlds, of []string, most int) []string {
	names := []string{}
	for range w.rng.IntN(most + 1) {
		names = append(names, pick(w, of))
	}
	return names
}

// id is mostly that of a client that is there.
func (w *worlds) id() string {
	switch w.rng.IntN(12) {
	case 0:
		return pick(w, []string{"nobody", "0", "0123456789abcdefghijklmnopqrstuv", pick(w, w.nodes).self.Tag + "000000000000000000000000", pick(w, w.nodes).self.Tag})
	default:
		return pick(w, w.twins).id
	}
}

func (w *worlds) ids(most int) []string {
	ids := []string{}
	for range w.rng.IntN(most + 1) {
		ids = append(ids, w.id())
	}
	return ids
}

// come adds a client to both worlds. Some stay connecting for a while.
func (w *worlds) come() {
	node := pick(w, w.nodes)
	tw := &twin{id: protocol.NewClientID(node.self.Tag), node: node, tapes: [2]*tape{{}, {}}}
	hs := &protocol.Handshake{RemoteAddr: "192.0.2.1", Groups: slices.Compact(slices.Sorted(slices.Values(picks(w, someGroups, 4))))}
	if w.rng.IntN(5) > 0 {
		hs.UID = pick(w, someUIDs)
	}
	if w.rng.IntN(2) > 0 {
		hs.Session = json.RawMessage(`{"lang":"<en>","n":1.50}`)
	}
	w.at = w.at.Add(time.Millisecond)
	tw.here, tw.solo = node.admit(tw.id, hs, w.at), w.solo.admit(tw.id, hs, w.at)
	w.twins = append(w.twins, tw)
	if w.rng.IntN(8) > 0 {
		tw.open()
	}
	w.settle()
}

func (tw *twin) open() {
	tw.here.Open(tw.tapes[0], nil, nil)
	tw.solo.Open(tw.tapes[1], nil, nil)
	tw.opened = true
}

// bury ends the clients of both worlds that are closing, one after the other, and
// looks at what their close events say.
func (w *worlds) bury() {
	w.t.Helper()
	for _, tw := range w.twins {
		if tw.closed || !tw.here.Closing() && !tw.solo.Closing() {
			continue
		}
		if !tw.here.Closing() || !tw.solo.Closing() {
			w.t.Fatalf("client %s is closing in one world only", tw.id)
		}
		if !tw.opened {
			tw.open()
		}
		tw.closed = true
		tw.node.Closed(tw.here, gone)
		w.solo.Closed(tw.solo, gone)
		got, want := w.closeOf(tw.node, tw.id), w.closeOf(w.solo, tw.id)
		if got != want {
			w.t.Errorf("the close event of %s on %s:\n got %s\nwant %s", tw.id, tw.node.self.Name, got, want)
		}
		tw.here.Hangup()
		tw.solo.Hangup()
	}
	w.twins = slices.DeleteFunc(w.twins, func(tw *twin) bool {
		if tw.closed {
			w.sameFrames(tw)
		}
		return tw.closed && w.rng.IntN(4) > 0 // some are still asked for
	})
}

// closeOf waits for a client's close event and gives it as JSON.
func (w *worlds) closeOf(n *meshNode, id string) string {
	w.t.Helper()
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(50 * time.Microsecond) {
		for _, ev := range n.backend.seen() {
			if ev.Data.ClientID != id || ev.Type != protocol.Close {
				continue
			}
			shown := *ev
			shown.Timestamp = protocol.Time{}
			info := *ev.Data.Close
			info.DurationMS = 0
			info.MessagesOut = 0 // how far the writer is
			shown.Data.Close, shown.Data.Node = &info, ""
			raw, err := json.Marshal(shown)
			if err != nil {
				w.t.Fatal(err)
			}
			return string(raw)
		}
		if time.Now().After(deadline) {
			w.t.Fatalf("no close event of %s on %s", id, n.self.Name)
		}
	}
}

// sameFrames waits until a client has got the same in both worlds.
func (w *worlds) sameFrames(tw *twin) {
	w.t.Helper()
	for deadline := time.Now().Add(time.Minute); tw.tapes[0].written() != tw.tapes[1].written(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			w.t.Fatalf("client %s on %s got\n%q\nwant\n%q", tw.id, tw.node.self.Name, tw.tapes[0].written(), tw.tapes[1].written())
		}
	}
}

var (
	nodeField = regexp.MustCompile(`"node":"[^"]*"`)
	overLimit = regexp.MustCompile(`client \w+ would be in \d+ groups`)
)

// ask puts one question to both worlds.
func (w *worlds) ask(what string, call func(ctx context.Context, g *Gateway) (any, error)) {
	w.t.Helper()
	w.steps++
	show := func(ctx context.Context, g *Gateway) string {
		result, err := call(ctx, g)
		if err != nil {
			var p *protocol.Problem
			if !errors.As(err, &p) {
				return "internal: " + err.Error()
			}
			return overLimit.ReplaceAllString(fmt.Sprintf("%d %s %s %s", p.Status, p.Code, p.Field, p.Detail), "client … would be in … groups")
		}
		raw, err := protocol.Marshal(result)
		if err != nil {
			w.t.Fatal(err)
		}
		return nodeField.ReplaceAllString(string(raw), `"node":"…"`)
	}
	node := pick(w, w.nodes)
	ctx, partial := protocol.WithPartial(w.t.Context())
	got, want := show(ctx, node.Gateway), show(w.t.Context(), w.solo.Gateway)
	if got != want {
		w.t.Errorf("step %d, through %s: %s\n got %s\nwant %s", w.steps, node.self.Name, what, got, want)
	}
	if silent := partial.Nodes(); silent != nil {
		w.t.Errorf("step %d: %s: %v didn't answer", w.steps, what, silent)
	}
	w.bury()
}

// do asks both worlds for an action.
func (w *worlds) do(fields map[string]any) {
	w.t.Helper()
	raw, err := json.Marshal(fields)
	if err != nil {
		w.t.Fatal(err)
	}
	a, err := protocol.ParseActionBody(raw, protocol.Defaults{})
	if err != nil {
		return // refused before any gateway hears of it
	}
	w.ask(string(raw), func(ctx context.Context, g *Gateway) (any, error) {
		return g.Do(ctx, a)
	})
}

// walk pages through a list and shows all pages.
func (w *worlds) walk(what string, page func(ctx context.Context, g *Gateway, p protocol.Page) (any, string, error)) {
	w.t.Helper()
	limit := pick(w, []int{1, 2, 3, 7, 20, 100, 10_000})
	w.ask(fmt.Sprintf("%s by %d", what, limit), func(ctx context.Context, g *Gateway) (any, error) {
		var all []any
		for p := (protocol.Page{Limit: limit}); ; {
			values, cursor, err := page(ctx, g, p)
			if err != nil {
				return nil, err
			}
			all = append(all, values, cursor)
			if cursor == "" {
				return all, nil
			}
			p.Cursor = cursor
		}
	})
}

func (w *worlds) target(fields map[string]any) map[string]any {
	if w.rng.IntN(3) == 0 {
		fields["clients"] = w.ids(4)
	}
	if w.rng.IntN(3) == 0 {
		fields["uids"] = picks(w, someUIDs, 4)
	}
	if w.rng.IntN(3) == 0 {
		fields["groups"] = picks(w, someGroups, 3)
	}
	if w.rng.IntN(8) == 0 {
		fields["all"] = true
	}
	if w.rng.IntN(3) == 0 {
		fields["except_clients"] = w.ids(6)
	}
	if w.rng.IntN(4) == 0 {
		fields["except_uids"] = picks(w, someUIDs, 2)
	}
	return fields
}

// step is any one call, by chance.
func (w *worlds) step() {
	switch w.rng.IntN(26) {
	case 0, 1, 2:
		text := fmt.Sprintf("push %d <ü>", w.steps)
		if w.rng.IntN(40) == 0 {
			text = strings.Repeat("x", 2<<10) // too large
		}
		w.do(w.target(map[string]any{"action": "send", pick(w, []string{"text", "json"}): text}))
	case 3:
		w.do(w.target(map[string]any{"action": "send", "binary": "AP8B"}))
	case 4, 5:
		w.do(map[string]any{"action": "bind", "client_id": w.id(), "uid": pick(w, someUIDs)})
	case 6:
		w.do(map[string]any{"action": "unbind", "client_id": w.id()})
	case 7:
		w.do(map[string]any{"action": pick(w, []string{"join", "leave"}), "client_id": w.id(), "groups": picks(w, someGroups, 3)})
	case 8, 9:
		w.do(map[string]any{"action": pick(w, []string{"join", "leave"}), "clients": w.ids(5), "uids": picks(w, someUIDs, 4), "groups": picks(w, someGroups, 3)})
	case 10:
		many := make([]string, 200)
		for i := range many {
			many[i] = fmt.Sprint("many", w.rng.IntN(300))
		}
		w.do(map[string]any{"action": pick(w, []string{"join", "leave"}), "uids": picks(w, someUIDs, 2), "clients": w.ids(1), "groups": many})
	case 11:
		w.do(map[string]any{"action": "dissolve", "group": pick(w, someGroups)})
	case 12:
		w.do(map[string]any{"action": "session", "client_id": w.id(), pick(w, []string{"set", "merge", "update"}): map[string]any{
			pick(w, []string{"a", "b", "<"}): pick(w, []any{nil, 1, "x", map[string]any{"y": nil, "z": "ü"}}), "pad": strings.Repeat("p", w.rng.IntN(18<<10))}})
	case 13:
		w.changeSession()
	case 14:
		w.do(map[string]any{"action": "until", "client_id": w.id(), "at": pick(w, []any{nil, 4_000_000_000, 4_000_000_000, w.rng.IntN(2) * 4_000_000_000})})
	case 15:
		fields := map[string]any{"action": "close", "code": 4100 + w.rng.IntN(3), "reason": "ü", "clients": w.ids(2)}
		if w.rng.IntN(3) == 0 {
			fields["uids"] = picks(w, someUIDs, 1)
			fields["except_clients"] = w.ids(3)
		}
		if w.rng.IntN(2) == 0 {
			fields["text"] = "bye"
		}
		w.do(fields)
	case 16:
		id := w.id()
		w.ask("client "+id, func(ctx context.Context, g *Gateway) (any, error) { return g.Client(ctx, id) })
	case 17, 18:
		f := protocol.ClientFilter{UIDs: picks(w, someUIDs, 2), Groups: picks(w, someGroups, 2)}
		w.walk(fmt.Sprintf("clients of %q", f), func(ctx context.Context, g *Gateway, p protocol.Page) (any, string, error) {
			return three(g.Clients(ctx, f, p))
		})
	case 19:
		w.walk("groups", func(ctx context.Context, g *Gateway, p protocol.Page) (any, string, error) {
			l, err := g.Groups(ctx, p)
			return l.Groups, l.Cursor, err
		})
	case 20:
		groups := picks(w, someGroups, 2)
		w.walk(fmt.Sprintf("uids of %q", groups), func(ctx context.Context, g *Gateway, p protocol.Page) (any, string, error) {
			l, err := g.UIDs(ctx, groups, p)
			return l.UIDs, l.Cursor, err
		})
	case 21:
		uid, group := pick(w, someUIDs), pick(w, someGroups)
		w.ask("uid "+uid, func(ctx context.Context, g *Gateway) (any, error) { return g.UID(ctx, uid) })
		w.ask("group "+group, func(ctx context.Context, g *Gateway) (any, error) { return g.Group(ctx, group) })
	case 22:
		q := &protocol.Lookup{Clients: w.ids(6), UIDs: picks(w, someUIDs, 6), Groups: picks(w, someGroups, 6)}
		w.ask(fmt.Sprintf("lookup %q", *q), func(ctx context.Context, g *Gateway) (any, error) { return g.Lookup(ctx, q) })
	case 23:
		w.ask("stats", func(ctx context.Context, g *Gateway) (any, error) {
			s, err := g.Stats(ctx)
			sum := 0
			for _, n := range s.Nodes {
				sum += n.Clients
			}
			return []int{s.Clients, s.UIDs, s.Groups, sum}, err
		})
	case 24:
		w.letters()
	default:
		w.comeAndGo()
	}
}

func three[T any](values T, cursor string, err error) (any, string, error) {
	return values, cursor, err
}

// changeSession changes a session if it is as it was, or as it wasn't.
func (w *worlds) changeSession() {
	id := w.id()
	_, etag, _ := w.solo.Session(w.t.Context(), id)
	a := &protocol.Action{Verb: protocol.VerbSession, ClientID: id, SessionMode: protocol.SessionMerge,
		Session: json.RawMessage(`{"step":1.500}`), SessionIfMatch: pick(w, []string{etag, etag, "*", `"wrong"`, ""})}
	show := func(session json.RawMessage, etag string, err error) (any, error) { return []any{session, etag}, err }
	w.ask("change the session of "+id, func(ctx context.Context, g *Gateway) (any, error) { return show(g.ChangeSession(ctx, a)) })
	w.ask("session of "+id, func(ctx context.Context, g *Gateway) (any, error) { return show(g.Session(ctx, id)) })
}

// letters asks about dead letters.
func (w *worlds) letters() {
	for range 5 {
		w.steps++
		id := pick(w, w.twins).id
		pick(w, w.nodes).cfg.Webhooks.(*letterBox).put(w.steps, id)
		w.solo.cfg.Webhooks.(*letterBox).put(w.steps, id)
	}
	w.walk("dead letters", func(ctx context.Context, g *Gateway, p protocol.Page) (any, string, error) {
		return three(g.Dead(ctx, p))
	})
	all, _, _ := w.solo.Dead(w.t.Context(), protocol.Page{Limit: 10_000})
	some := []string{"evt_none"}[:w.rng.IntN(6)/5]
	for range w.rng.IntN(6) {
		some = append(some, pick(w, all).ID)
	}
	w.ask(fmt.Sprintf("replay %q", some), func(ctx context.Context, g *Gateway) (any, error) {
		return g.Replay(ctx, protocol.Replay{IDs: some})
	})
	w.ask("replay all", func(ctx context.Context, g *Gateway) (any, error) { return g.Replay(ctx, protocol.Replay{All: true}) })
	for _, id := range append(some, "evt_none") {
		w.ask("letter "+id, func(ctx context.Context, g *Gateway) (any, error) { return g.DeadLetter(ctx, id) })
		w.ask("drop "+id, func(ctx context.Context, g *Gateway) (any, error) { return nil, g.Drop(ctx, id) })
	}
}

func (w *worlds) comeAndGo() {
	for range w.rng.IntN(4) {
		w.come()
	}
	tw := pick(w, w.twins)
	if !tw.opened {
		tw.open()
	} else if len(w.twins) > 60 {
		tw.here.Leave(gone)
		tw.solo.Leave(gone)
		w.settle()
	}
	w.bury()
}

// seeds is how many worlds are tried: SEEDS, or else n.
func seeds(n uint64) uint64 {
	if more, err := strconv.ParseUint(os.Getenv("SEEDS"), 10, 16); err == nil {
		return more
	}
	return n
}

// Every call, through each node, is answered as one node with the same clients would.
func TestClusterAnswersAsOneNode(t *testing.T) {
	t.Parallel()
	for seed := range seeds(2) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			m, nodes := newMesh(t, "a", "b", "node three")
			w := newWorlds(t, seed, nodes)
			for range 80 {
				w.come()
			}
			for range 1000 {
				if w.step(); t.Failed() {
					return
				}
			}
			for _, tw := range w.twins {
				w.sameFrames(tw)
			}
			for _, n := range nodes {
				if err := n.hub.ConsistencyCheck(); err != nil {
					t.Error(err)
				}
				if m.told[n.self.Tag] < 100 || n.settled < 100 {
					t.Errorf("node %s was told %d times and settled %d times: this tests nothing", n.self.Name, m.told[n.self.Tag], n.settled)
				}
			}
		})
	}
}
