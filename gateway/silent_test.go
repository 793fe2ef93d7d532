package gateway

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"gatepost/cluster"
	"gatepost/hub"
	"gatepost/protocol"
	"gatepost/test/counted"
)

// apart is three nodes: a client of the uid "42" in the group "g" on each, and a
// client without a name. The third node doesn't answer.
type apart struct {
	t        *testing.T
	nodes    []*meshNode
	ids      []string // of the uid's clients
	clients  []*hub.Client
	nameless string
}

func newApart(t *testing.T) *apart {
	_, nodes := newMesh(t, "a", "b", "c")
	f := &apart{t: t, nodes: nodes}
	for _, n := range nodes {
		id := protocol.NewClientID(n.self.Tag)
		c := n.admit(id, &protocol.Handshake{UID: "42", Groups: []string{"g"}}, time.Now())
		c.Open(&tape{}, nil, nil)
		f.ids, f.clients = append(f.ids, id), append(f.clients, c)
	}
	f.nameless = protocol.NewClientID(nodes[1].self.Tag)
	nodes[1].admit(f.nameless, &protocol.Handshake{}, time.Now()).Open(&tape{}, nil, nil)
	return f
}

// wants asks the first node, in a call's time, and checks the answer and which nodes
// it says didn't answer.
func (f *apart) wants(what string, call func(ctx context.Context, g *Gateway) (any, error), want string, silent ...string) {
	f.t.Helper()
	ctx, partial := protocol.WithPartial(f.t.Context())
	begun := time.Now()
	result, err := call(ctx, f.nodes[0].Gateway)
	if took := time.Since(begun); took > 2*time.Second {
		f.t.Errorf("%s took %v", what, took)
	}
	var got string
	if err != nil {
		var p *protocol.Problem
		if !errors.As(err, &p) {
			f.t.Fatalf("%s: %v", what, err)
		}
		got = fmt.Sprintf("%d %s", p.Status, p.Code)
	} else {
		raw, err := protocol.Marshal(result)
		if err != nil {
			f.t.Fatal(err)
		}
		got = string(raw)
	}
	for i, id := range f.ids {
		got = strings.ReplaceAll(got, id, fmt.Sprint("id", i))
	}
	if got != want {
		f.t.Errorf("%s:\n got %s\nwant %s", what, got, want)
	}
	if missed := partial.Nodes(); !slices.Equal(missed, silent) {
		f.t.Errorf("%s: %v are said not to have answered, want %v", what, missed, silent)
	}
}

func (f *apart) do(action, want string, silent ...string) {
	f.t.Helper()
	for i, id := range f.ids {
		action = strings.ReplaceAll(action, fmt.Sprint("id", i), id)
	}
	a, err := protocol.ParseActionBody([]byte(action), protocol.Defaults{})
	if err != nil {
		f.t.Fatal(err)
	}
	f.wants(action, func(ctx context.Context, g *Gateway) (any, error) { return g.Do(ctx, a) }, want, silent...)
}

// all makes every kind of call. The third node's part is missing in each answer, and
// the answer says so; what doesn't concern it is whole.
func (f *apart) all() {
	const unreachable = "503 node_unreachable"
	f.do(`{"action":"send","clients":["id2"],"text":"x"}`, unreachable, "c")
	f.do(`{"action":"send","clients":["id2","id1"],"text":"x"}`, `{"matched":1,"queued":1,"dropped":0}`, "c")
	f.do(`{"action":"send","uids":["42"],"text":"x"}`, `{"matched":2,"queued":2,"dropped":0}`, "c")
	f.do(`{"action":"send","groups":["g"],"uids":["43"],"text":"x"}`, `{"matched":2,"queued":2,"dropped":0}`, "c")
	f.do(`{"action":"send","all":true,"text":"x"}`, `{"matched":3,"queued":3,"dropped":0}`, "c")
	f.do(`{"action":"send","clients":["id0","id1"],"text":"x"}`, `{"matched":2,"queued":2,"dropped":0}`)
	f.do(`{"action":"bind","client_id":"id2","uid":"1"}`, unreachable, "c")
	f.do(`{"action":"unbind","client_id":"id2"}`, unreachable, "c")
	f.do(`{"action":"session","client_id":"id2","set":{}}`, unreachable, "c")
	f.do(`{"action":"until","client_id":"id2","at":null}`, unreachable, "c")
	f.do(`{"action":"close","clients":["id2"]}`, unreachable, "c")
	f.do(`{"action":"close","uids":["42"],"except_clients":["id0","id1"]}`, `{"matched":0,"closed":0}`, "c")
	f.do(`{"action":"join","client_id":"id2","groups":["h"]}`, unreachable, "c")
	f.do(`{"action":"leave","client_id":"id2","groups":["h"]}`, unreachable, "c")
	f.do(`{"action":"join","clients":["id2","id1","nobody"],"uids":["42"],"groups":["h"]}`,
		`{"group":"h","changed":2,"missing":["nobody"]}`, "c")
	f.do(`{"action":"leave","uids":["42","43"],"groups":["h"]}`, `{"group":"h","changed":2,"missing":["43"]}`, "c")
	f.do(`{"action":"dissolve","group":"g"}`, `{"group":"g","removed":2}`, "c")
	f.do(`{"action":"join","clients":["id0","id1"],"groups":["g"]}`, `{"group":"g","changed":2,"missing":[]}`)

	page := protocol.Page{Limit: 10}
	id := f.ids[2]
	f.wants("client", func(ctx context.Context, g *Gateway) (any, error) { return g.Client(ctx, id) }, unreachable, "c")
	f.wants("session", func(ctx context.Context, g *Gateway) (any, error) { return second(g.Session(ctx, id)) }, unreachable, "c")
	f.wants("clients", func(ctx context.Context, g *Gateway) (any, error) {
		clients, _, err := g.Clients(ctx, protocol.ClientFilter{}, page)
		return len(clients), err
	}, "3", "c")
	f.wants("groups", func(ctx context.Context, g *Gateway) (any, error) {
		l, err := g.Groups(ctx, page)
		return l.Groups, err
	}, `{"g":{"clients":2,"uids":1}}`, "c")
	f.wants("uids", func(ctx context.Context, g *Gateway) (any, error) {
		l, err := g.UIDs(ctx, nil, page)
		return l.UIDs, err
	}, `{"42":2}`, "c")
	f.wants("a group", func(ctx context.Context, g *Gateway) (any, error) { return g.Group(ctx, "g") }, `{"clients":2,"uids":1}`, "c")
	f.wants("a uid", func(ctx context.Context, g *Gateway) (any, error) {
		ids, err := g.UID(ctx, "42")
		return len(ids), err
	}, "2", "c")
	f.wants("a uid that nobody has", func(ctx context.Context, g *Gateway) (any, error) { return g.UID(ctx, "43") }, "[]")
	f.wants("lookup", func(ctx context.Context, g *Gateway) (any, error) {
		found, err := g.Lookup(ctx, &protocol.Lookup{Clients: f.ids[2:], UIDs: []string{"43"}})
		return found, err
	}, `{"clients":{"id2":null},"uids":{"43":[]},"groups":{}}`, "c")
	f.wants("stats", func(ctx context.Context, g *Gateway) (any, error) {
		s, err := g.Stats(ctx)
		for i := range s.Nodes {
			s.Nodes[i].UptimeS = 0
		}
		return []any{s.Clients, s.Nodes, s.Webhooks[0].Concurrency}, err
	}, `[3,[{"node":"a","clients":1,"version":"v-a","uptime_s":0},{"node":"b","clients":2,"version":"v-b","uptime_s":0},`+
		`{"node":"c","clients":0,"version":"v-c","uptime_s":0,"silent":true}],16]`, "c")
	f.wants("dead letters", func(ctx context.Context, g *Gateway) (any, error) {
		letters, _, err := g.Dead(ctx, page)
		return len(letters), err
	}, "0", "c")
	f.wants("a dead letter", func(ctx context.Context, g *Gateway) (any, error) { return g.DeadLetter(ctx, "evt_1") }, unreachable, "c")
	f.wants("drop", func(ctx context.Context, g *Gateway) (any, error) { return nil, g.Drop(ctx, "evt_1") }, unreachable, "c")
	f.wants("replay", func(ctx context.Context, g *Gateway) (any, error) {
		return g.Replay(ctx, protocol.Replay{IDs: []string{"evt_1"}})
	}, unreachable, "c")
	f.wants("replay all", func(ctx context.Context, g *Gateway) (any, error) { return g.Replay(ctx, protocol.Replay{All: true}) }, "0", "c")

	if n := f.nodes[0].remaining("42"); n.Known {
		f.t.Errorf("uid_remaining is %+v; a node that holds the uid didn't answer", n)
	}
	if n := f.nodes[0].remaining("43"); !n.Known || n.Count != 0 {
		f.t.Errorf("uid_remaining of a uid that nobody holds is %+v", n)
	}
}

func second[A, B any](_ A, b B, err error) (B, error) { return b, err }

// A silent node costs its part of an answer, no more.
func TestSilentNode(t *testing.T) {
	f := newApart(t)
	f.nodes[2].silent = true
	begun := time.Now()
	f.all()
	if took := time.Since(begun); took > 2*time.Second {
		t.Errorf("calls that don't reach a silent node took %v together", took)
	}
}

// A node that takes a call and never answers it costs less than two seconds.
func TestHangingNode(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newApart(t)
		f.nodes[2].hangs = true
		f.all()
		for _, c := range f.clients {
			c.Close(gone, nil, true)
		}
	})
}

// Statistics take two rounds where a name's clients are still connecting, and no
// longer than other calls all the same.
func TestStatsOfAHangingNode(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, nodes := newMesh(t, "a", "b", "c")
		slices.SortFunc(nodes, func(a, b *meshNode) int { return strings.Compare(a.self.Tag, b.self.Tag) })
		for _, n := range nodes {
			n.admit(protocol.NewClientID(n.self.Tag), &protocol.Handshake{UID: "42"}, time.Now())
		}
		nodes[2].hangs = true
		begun := time.Now()
		s, err := nodes[0].Stats(t.Context())
		if took := time.Since(begun); err != nil || took > 2*time.Second {
			t.Errorf("got %v after %v", err, took)
		}
		if s.UIDs != 0 || nodes[0].mesh.told[nodes[1].self.Tag] != 2 {
			t.Errorf("got %d uids, of %d questions", s.UIDs, nodes[0].mesh.told[nodes[1].self.Tag])
		}
	})
}

// A node that answers nonsense counts as silent.
func TestGarbledAnswers(t *testing.T) {
	for name, garble := range map[string]func([]byte) []byte{
		"nothing":      func([]byte) []byte { return nil },
		"half":         func(b []byte) []byte { return b[:len(b)/2] },
		"noise":        func(b []byte) []byte { return slices.Repeat([]byte{0xff}, len(b)) },
		"no problem":   func([]byte) []byte { return encodeAnswer(wentWrong, nil, []byte(`{"Status":1}`)) },
		"unreadable":   func([]byte) []byte { return encodeAnswer(unreadable, nil, nil) },
		"out of kind":  func([]byte) []byte { return []byte{77, 0} },
		"many missing": func([]byte) []byte { return []byte{0, 0xff, 0xff, 0xff, 0xff, 0x0f} },
	} {
		t.Run(name, func(t *testing.T) {
			f := newApart(t)
			f.nodes[0].mesh.garble = func(to *meshNode, answer []byte) []byte {
				if to == f.nodes[2] {
					return garble(answer)
				}
				return answer
			}
			f.do(`{"action":"send","uids":["42"],"text":"x"}`, `{"matched":2,"queued":2,"dropped":0}`, "c")
			f.do(`{"action":"until","client_id":"id2","at":null}`, "503 node_unreachable", "c")
			f.do(`{"action":"join","uids":["42"],"groups":["h"]}`, `{"group":"h","changed":2,"missing":[]}`, "c")
			f.wants("uids", func(ctx context.Context, g *Gateway) (any, error) {
				l, err := g.UIDs(ctx, nil, protocol.Page{})
				return l.UIDs, err
			}, `{"42":2}`, "c")
		})
	}
}

// A node that is cut off takes all others for silent; what is here goes on.
func TestFencedNode(t *testing.T) {
	f := newApart(t)
	f.nodes[0].cfg.Fence = shutFence{}
	f.do(`{"action":"send","uids":["42"],"text":"x"}`, `{"matched":1,"queued":1,"dropped":0}`, "b", "c")
	f.do(`{"action":"bind","client_id":"id1","uid":"1"}`, "503 node_unreachable", "b")
	f.do(`{"action":"bind","client_id":"id0","uid":"1"}`, `{"client_id":"id0","uid":"1","previous_uid":"42"}`)
}

type shutFence struct{}

func (shutFence) Valid() bool                    { return false }
func (shutFence) Wait(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }
func (shutFence) Lost() <-chan struct{}          { return nil }

// A node that doesn't acknowledge what has changed is named too, wherever the change
// was made.
func TestUnacknowledgedChanges(t *testing.T) {
	f := newApart(t)
	late := f.nodes[2].self.Tag
	f.nodes[0].mesh.unsure = func(from *meshNode) []string { return []string{late} }
	f.do(`{"action":"bind","client_id":"id0","uid":"1"}`, `{"client_id":"id0","uid":"1","previous_uid":"42"}`, "c")
	f.do(`{"action":"bind","client_id":"id1","uid":"1"}`, `{"client_id":"id1","uid":"1","previous_uid":"42"}`, "c")
	f.do(`{"action":"session","client_id":"id1","set":{}}`, `{"client_id":"id1","session":{}}`) // changes no name
}

// A connect is known to the other nodes before its event is sent, and what the reply
// says before the upgrade.
func TestConnectSettles(t *testing.T) {
	_, nodes := newMesh(t, "a", "b")
	a := nodes[0]
	a.backend.answer = func(ev *protocol.Event) protocol.Outcome {
		if ev.Type == protocol.Connect && a.settled != 1 {
			t.Errorf("the connect event was sent when the others had been waited for %d times", a.settled)
		}
		return accepted(`{"uid":"9","actions":[{"action":"bind","uid":"10"}]}`, ev)
	}
	admission, err := a.Connect(t.Context(), &protocol.Handshake{UID: "8"})
	if err != nil {
		t.Fatal(err)
	}
	if a.settled < 3 {
		t.Errorf("the others were waited for %d times: before the event, for the reply's fields and for its action", a.settled)
	}
	if tags := nodes[1].Holders([]string{"10"}, nil); len(tags) != 1 {
		t.Errorf("%v hold the uid", tags)
	}
	a.Closed(admission.Client, gone)
}

// The last two clients of a uid that leave at once, on two nodes: at least one close
// says that none remains.
func TestLastTwoLeaveAtOnce(t *testing.T) {
	_, nodes := newMesh(t, "a", "b")
	for round := range 100 {
		uid := fmt.Sprint("u", round)
		for _, n := range nodes {
			c := n.admit(protocol.NewClientID(n.self.Tag), &protocol.Handshake{UID: uid}, time.Now())
			c.Open(&tape{}, nil, nil)
			go n.Closed(c, gone)
		}
		zeros := 0
		for _, n := range nodes {
			ev := n.waitClose(t, uid)
			if r := ev.Data.UIDRemaining; r.Known && r.Count == 0 {
				zeros++
			}
		}
		if zeros == 0 {
			t.Fatalf("round %d: neither says 0", round)
		}
	}
}

func (n *meshNode) waitClose(t *testing.T, uid string) *protocol.Event {
	t.Helper()
	for deadline := time.Now().Add(5 * time.Second); time.Now().Before(deadline); time.Sleep(50 * time.Microsecond) {
		for _, ev := range n.backend.seen() {
			if ev.Type == protocol.Close && ev.Data.UID != nil && *ev.Data.UID == uid {
				return ev
			}
		}
	}
	t.Fatalf("no close of uid %s on %s", uid, n.self.Name)
	return nil
}

// A reply's actions reach other nodes, and what they don't reach is counted.
func TestReplyActionsAcrossNodes(t *testing.T) {
	f := newApart(t)
	a := f.nodes[0]
	carry := func(reply string) {
		ev := &protocol.Event{Type: protocol.Close, ID: "evt", Data: protocol.EventData{ClientID: f.ids[0]}}
		a.Carry(ev, accepted(reply, ev).Reply)
	}
	carry(`{"actions":[{"action":"bind","client_id":"` + f.ids[1] + `","uid":"7"}]}`)
	if who := f.clients[1].Identity(); who.UID != "7" {
		t.Errorf("the client on another node has uid %q", who.UID)
	}
	f.nodes[2].silent = true
	carry(`{"actions":[{"action":"send","uids":["42"],"text":"x"}]}`)
	if n := counted.Of(t, a.registry, "gatepost_reply_partial_total").Sum(); n != 1 {
		t.Errorf("%v replies that didn't reach a node are counted, want 1", n)
	}
}

// A node is told only of what concerns it.
func TestOnlyHoldersAreTold(t *testing.T) {
	m, nodes := newMesh(t, "a", "b", "c", "d")
	id := protocol.NewClientID(nodes[1].self.Tag)
	nodes[1].admit(id, &protocol.Handshake{UID: "1", Groups: []string{"g"}}, time.Now()).Open(&tape{}, nil, nil)
	other := nodes[2].admit(protocol.NewClientID(nodes[2].self.Tag), &protocol.Handshake{UID: "2"}, time.Now())
	other.Open(&tape{}, nil, nil)
	for _, action := range []string{
		`{"action":"send","clients":["` + id + `"],"text":"x"}`, `{"action":"send","uids":["1"],"text":"x"}`, `{"action":"send","groups":["g"],"text":"x"}`,
		`{"action":"join","uids":["1"],"groups":["h"]}`, `{"action":"dissolve","group":"h"}`, `{"action":"bind","client_id":"` + id + `","uid":"1"}`,
		`{"action":"close","groups":["none"]}`,
	} {
		a, err := protocol.ParseActionBody([]byte(action), protocol.Defaults{})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := nodes[0].Do(t.Context(), a); err != nil {
			t.Errorf("%s: %v", action, err)
		}
	}
	if _, err := nodes[0].Lookup(t.Context(), &protocol.Lookup{Clients: []string{id}, UIDs: []string{"1"}, Groups: []string{"g"}}); err != nil {
		t.Error(err)
	}
	want := map[string]int{nodes[1].self.Tag: 7}
	for tag, n := range m.told {
		if n != want[tag] {
			t.Errorf("node %s was asked %d times, want %d", m.nodes[tag].self.Name, n, want[tag])
		}
	}
}

// What a node is asked that it doesn't know harms nobody.
func TestUnknownRequests(t *testing.T) {
	_, nodes := newMesh(t, "a", "b")
	for name, raw := range map[string][]byte{
		"empty": nil, "no operation": {0}, "a newer operation": {byte(opEnd)}, "half an action": {byte(opDo), 1, 9},
		"a newer field":    append(encodeAction(opDo, &protocol.Action{Verb: protocol.VerbUnbind, ClientID: "x"}, protocol.Target{}), 99, 0),
		"a newer question": append([]byte{byte(opClients)}, `{"newer":1}`...),
	} {
		r := &meshReply{t: t, done: make(chan struct{})}
		nodes[1].Serve(t.Context(), cluster.Node{}, raw, r)
		select {
		case <-r.done:
		case <-time.After(5 * time.Second):
			t.Fatalf("%s: no end", name)
		}
		if how, _, _, err := decodeAnswer(bytes.Join(r.parts, nil)); err != nil || how != unreadable {
			t.Errorf("%s: answered %v, %v", name, how, err)
		}
	}
}
