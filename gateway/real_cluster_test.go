package gateway

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"gatepost/cluster"
	"gatepost/hub"
	"gatepost/protocol"
	"gatepost/store"
	"gatepost/test/tcp"
)

// newCluster is nodes that are joined by embedded servers on loopback.
func newCluster(t *testing.T, names ...string) []*meshNode {
	t.Helper()
	addrs := make([]string, len(names))
	for i := range addrs {
		addrs[i] = tcp.FreeAddr(t)
	}
	nodes := make([]*meshNode, len(names))
	for i, name := range names {
		c, err := cluster.Open(t.Context(), cluster.Options{
			Node: name, Version: "v-" + name, Secrets: []string{"a secret that is only a test's, 32 bytes"}, Listen: addrs[i], Peers: addrs,
			State: store.NewMemory(), Logger: slog.New(slog.NewTextHandler(io.Discard, nil)), Registerer: prometheus.NewRegistry(),
		})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(c.Close)
		n := &meshNode{self: cluster.Node{Name: name, Tag: protocol.NodeTag(name)}}
		n.start(t, Config{Cluster: c, Fence: c.Fence()}, func(kind hub.NameKind, name string, present bool) {
			c.Hold(map[hub.NameKind]cluster.Kind{hub.UIDs: cluster.UID, hub.Groups: cluster.Group}[kind], name, present)
		})
		nodes[i] = n
	}
	joined := make(chan error, len(nodes))
	for _, n := range nodes {
		go func() { joined <- n.cfg.Cluster.(*cluster.Cluster).Join(t.Context(), n.Gateway) }()
	}
	for range nodes {
		if err := <-joined; err != nil {
			t.Fatal(err)
		}
	}
	hearAll := func(n *meshNode) bool {
		hearing := 1
		for _, other := range n.cfg.Cluster.Nodes() {
			if other.Hearing {
				hearing++
			}
		}
		return hearing == len(nodes) && n.cfg.Fence.Valid()
	}
	for _, n := range nodes {
		for deadline := time.Now().Add(time.Minute); !hearAll(n); time.Sleep(10 * time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatalf("node %s hears %+v", n.self.Name, n.cfg.Cluster.Nodes())
			}
		}
	}
	return nodes
}

// The same over real connections: what a call changed on one node, the next call
// through any other one sees.
func TestRealClusterAnswersAsOneNode(t *testing.T) {
	t.Parallel()
	nodes := newCluster(t, "a", "b", "node three")
	for seed := range uint64(1) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			w := newWorlds(t, 100+seed, nodes)
			for _, n := range nodes {
				n.cfg.Webhooks.(*letterBox).empty()
			}
			for range 80 {
				w.come()
			}
			for range 500 {
				if w.step(); t.Failed() {
					return
				}
			}
			for _, tw := range w.twins {
				w.sameFrames(tw)
			}
			w.end()
		})
	}
}

// end closes what is left.
func (w *worlds) end() {
	for _, tw := range w.twins {
		tw.here.Close(gone, nil, true)
		tw.solo.Close(gone, nil, true)
	}
	w.bury()
	w.settle()
}

// settle waits until every node knows of clients that came or went by themselves.
func (w *worlds) settle() {
	for _, n := range w.nodes {
		if late := n.cfg.Cluster.Settle(context.Background()); len(late) > 0 {
			w.t.Fatalf("%v didn't hear of %s's names", late, n.self.Name)
		}
	}
}

// A list whose entries are large comes in shorter pages, and whole.
func TestLargeListsAcrossNodes(t *testing.T) {
	t.Parallel()
	nodes := newCluster(t, "a", "b")
	session := []byte(`{"pad":"` + strings.Repeat("<", protocol.MaxSessionBytes-32) + `"}`)
	const clients = 3 * maxListBytes / 2 / protocol.MaxSessionBytes
	for range clients {
		c := nodes[1].admit(protocol.NewClientID(nodes[1].self.Tag), &protocol.Handshake{UID: "42", Session: session}, time.Now())
		c.Open(nowhere{}, nil, nil)
		t.Cleanup(func() { c.Close(gone, nil, true) })
	}
	nodes[1].settle(t.Context())
	seen, pages := map[string]bool{}, 0
	deadline := time.Now().Add(time.Minute)
	for p := (protocol.Page{Limit: protocol.MaxPage}); ; {
		ctx, partial := protocol.WithPartial(t.Context())
		page, cursor, err := nodes[0].Clients(ctx, protocol.ClientFilter{UIDs: []string{"42"}}, p)
		if partial.Nodes() != nil && time.Now().Before(deadline) { // a busy machine
			continue
		}
		if err != nil || len(page) == 0 {
			t.Fatalf("page %d of %d clients, without %v: %v", pages, len(page), partial.Nodes(), err)
		}
		for _, c := range page {
			if string(c.Session) != string(session) {
				t.Fatal("a session has changed on its way")
			}
			seen[c.ClientID] = true
		}
		pages++
		if p.Cursor = cursor; cursor == "" {
			break
		}
	}
	if len(seen) != clients || pages != 2 {
		t.Errorf("%d of %d clients on %d pages, want all on 2", len(seen), clients, pages)
	}
}
