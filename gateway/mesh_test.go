package gateway

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"gatepost/cluster"
	"gatepost/hub"
	"gatepost/protocol"
)

// mesh joins gateways as a cluster does, in memory: every name that a node holds is
// known to all at once, and a call is a call.
type mesh struct {
	t       testing.TB
	mu      sync.Mutex
	nodes   map[string]*meshNode                     // by tag
	holders map[cluster.Kind]map[string][]string     // tags by name, sorted
	told    map[string]int                           // guarded by mu; requests by the tag they went to
	unsure  func(from *meshNode) (late []string)     // who doesn't acknowledge
	garble  func(to *meshNode, answer []byte) []byte // damages answers
}

// meshNode is one node, and its Cluster.
type meshNode struct {
	*Gateway
	mesh     *mesh
	hub      *hub.Hub
	backend  *backend
	registry *prometheus.Registry
	self     cluster.Node
	settled  int // guarded by mesh.mu
	silent   bool
	hangs    bool
}

var errNoAnswer = errors.New("no answer")

func newMesh(t testing.TB, names ...string) (*mesh, []*meshNode) {
	m := &mesh{t: t, nodes: map[string]*meshNode{}, told: map[string]int{},
		holders: map[cluster.Kind]map[string][]string{cluster.UID: {}, cluster.Group: {}}}
	var nodes []*meshNode
	for _, name := range names {
		n := &meshNode{mesh: m, self: cluster.Node{Name: name, Tag: protocol.NodeTag(name), Version: "v-" + name, Hearing: true}}
		n.start(t, Config{Cluster: n}, n.hold)
		m.mu.Lock()
		m.nodes[n.self.Tag] = n
		m.mu.Unlock()
		nodes = append(nodes, n)
	}
	return m, nodes
}

// start makes the node's gateway and hub.
func (n *meshNode) start(t testing.TB, cfg Config, names func(hub.NameKind, string, bool)) {
	log := slog.New(slog.NewTextHandler(io.Discard, nil))
	n.hub = hub.New(hub.Options{SendQueue: 8 << 20, PingInterval: time.Hour, PongTimeout: time.Hour, CloseTimeout: time.Second,
		Logger: log, Names: names, Changed: func(c *hub.Client) { n.Changed(c) }})
	n.backend = &backend{unwant: map[protocol.EventType]bool{}}
	cfg.Node, cfg.Version, cfg.MaxPush, cfg.Webhooks = n.self.Name, n.self.Version, 1<<10, &letterBox{name: n.self.Name}
	n.registry = prometheus.NewRegistry()
	n.Gateway = New(cfg, n.hub, n.backend, log, n.registry)
	t.Cleanup(func() { n.Stop(); n.hub.Close() })
}

// newSolo is a node without a cluster, which holds whatever clients it is given.
func newSolo(t testing.TB) *meshNode {
	n := &meshNode{self: cluster.Node{Name: "solo"}}
	n.start(t, Config{}, nil)
	return n
}

func (n *meshNode) hold(kind hub.NameKind, name string, present bool) {
	n.mesh.mu.Lock()
	defer n.mesh.mu.Unlock()
	of := n.mesh.holders[map[hub.NameKind]cluster.Kind{hub.UIDs: cluster.UID, hub.Groups: cluster.Group}[kind]]
	i, found := slices.BinarySearch(of[name], n.self.Tag)
	if found == present {
		n.mesh.t.Errorf("node %s holds %q twice, or gives up what it doesn't hold", n.self.Name, name)
	}
	if present {
		of[name] = slices.Insert(of[name], i, n.self.Tag)
	} else if of[name] = slices.Delete(of[name], i, i+1); len(of[name]) == 0 {
		delete(of, name)
	}
}

func (n *meshNode) Nodes() (all []cluster.Node) {
	n.mesh.mu.Lock()
	defer n.mesh.mu.Unlock()
	for _, other := range n.mesh.nodes {
		if other != n {
			all = append(all, other.self)
		}
	}
	slices.SortFunc(all, func(a, b cluster.Node) int { return bytes.Compare([]byte(a.Name), []byte(b.Name)) })
	return all
}

func (n *meshNode) Node(tag string) (cluster.Node, bool) {
	n.mesh.mu.Lock()
	defer n.mesh.mu.Unlock()
	other, ok := n.mesh.nodes[tag]
	if !ok {
		return cluster.Node{}, false
	}
	return other.self, true
}

func (n *meshNode) Settle(context.Context) (late []cluster.Node) {
	n.mesh.mu.Lock()
	defer n.mesh.mu.Unlock()
	n.settled++
	if n.mesh.unsure != nil {
		for _, tag := range n.mesh.unsure(n) {
			late = append(late, n.mesh.nodes[tag].self)
		}
	}
	return late
}

func (n *meshNode) Holders(uids, groups []string) (tags []string) {
	n.mesh.mu.Lock()
	defer n.mesh.mu.Unlock()
	for kind, names := range map[cluster.Kind][]string{cluster.UID: uids, cluster.Group: groups} {
		for _, name := range names {
			tags = append(tags, n.mesh.holders[kind][name]...)
		}
	}
	slices.Sort(tags)
	return slices.DeleteFunc(slices.Compact(tags), func(tag string) bool { return tag == n.self.Tag })
}

func (n *meshNode) Elsewhere(kind cluster.Kind, name string) bool {
	n.mesh.mu.Lock()
	defer n.mesh.mu.Unlock()
	holders := n.mesh.holders[kind][name]
	return len(holders) > 1 || len(holders) == 1 && holders[0] != n.self.Tag
}

func (n *meshNode) FirstHolder(kind cluster.Kind, name string) bool {
	n.mesh.mu.Lock()
	defer n.mesh.mu.Unlock()
	holders := n.mesh.holders[kind][name]
	return len(holders) > 0 && holders[0] == n.self.Tag
}

func (n *meshNode) Call(ctx context.Context, tags []string, request []byte) []cluster.Answer {
	answers := make([]cluster.Answer, len(tags))
	var calls sync.WaitGroup
	for i, tag := range tags {
		calls.Go(func() { answers[i] = n.call(ctx, tag, request) })
	}
	calls.Wait()
	return answers
}

func (n *meshNode) call(ctx context.Context, tag string, request []byte) cluster.Answer {
	n.mesh.mu.Lock()
	to := n.mesh.nodes[tag]
	n.mesh.told[tag]++
	n.mesh.mu.Unlock()
	if to == nil || to == n || to.silent {
		return cluster.Answer{Err: errNoAnswer}
	}
	if to.hangs {
		<-ctx.Done()
		return cluster.Answer{Node: to.self, Err: errNoAnswer}
	}
	r := &meshReply{t: n.mesh.t, done: make(chan struct{})}
	to.Serve(ctx, n.self, bytes.Clone(request), r)
	select {
	case <-r.done:
	case <-ctx.Done():
		return cluster.Answer{Node: to.self, Err: errNoAnswer}
	}
	if n.mesh.garble != nil {
		for i := range r.parts {
			r.parts[i] = n.mesh.garble(to, r.parts[i])
		}
	}
	return cluster.Answer{Node: to.self, Parts: r.parts}
}

// meshReply gathers one node's answer.
type meshReply struct {
	t     testing.TB
	parts [][]byte
	done  chan struct{}
}

func (r *meshReply) Part(b []byte) error {
	if len(b) == 0 || len(b) > 1<<20 {
		r.t.Errorf("a part of %d bytes", len(b))
	}
	r.parts = append(r.parts, bytes.Clone(b))
	return nil
}

func (r *meshReply) Done() { close(r.done) }

// admit gives a client with this id, connecting.
func (n *meshNode) admit(id string, hs *protocol.Handshake, at time.Time) *hub.Client {
	n.clients.add()
	return n.hub.Admit(id, hs, at, newLane())
}

// tape is a connection that takes everything.
type tape struct {
	mu   sync.Mutex
	data []byte // guarded by mu
}

func (c *tape) Write(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.data = append(c.data, p...)
	return len(p), nil
}

func (c *tape) written() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return string(c.data)
}

func (*tape) Read([]byte) (int, error)         { return 0, io.EOF }
func (*tape) Close() error                     { return nil }
func (*tape) LocalAddr() net.Addr              { return nil }
func (*tape) RemoteAddr() net.Addr             { return nil }
func (*tape) SetDeadline(time.Time) error      { return nil }
func (*tape) SetReadDeadline(time.Time) error  { return nil }
func (*tape) SetWriteDeadline(time.Time) error { return nil }
