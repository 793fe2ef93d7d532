package cluster

import (
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"gatepost/protocol"
)

// Cluster is this node's part in the cluster.
type Cluster struct {
	o       Options
	log     *slog.Logger
	tag     string
	bus     *bus
	dialler *dialler
	parts

	host Host // guarded by receiving

	// Set before Join.
	handlers  map[kind]handling
	observers []observer
	// giveUp is called when this node learns that an earlier incarnation of its
	// own (all of them in was) is lost, finally: it asks those whom it hears for
	// the clients that they took over and gives them to Host.GiveUp. Nobody takes
	// this node for a member then: it asks those in audible, by a kind that anyone
	// may send. The fence is shut until it has returned nil; it is tried again
	// after an error.
	giveUp func(ctx context.Context, was []string) error

	fence   *Fence
	fatal   chan error // cap 1
	metrics *metrics
	calls   pending

	mu        sync.Mutex
	roster    *roster
	warned    map[string]time.Time // about which node, or none, and when
	lines     map[nodeStart]*line
	joined    moment // when Join began, or this node began anew
	failed    int    // of roster.events, how many have ended calls
	rejoining bool

	box     string // of this process, for answers
	ctx     context.Context
	cancel  context.CancelFunc
	workers sync.WaitGroup
	keeping sync.Mutex    // held while the roster is kept
	dirty   chan struct{} // cap 1: the roster has changed
	told    chan struct{} // cap 1: there may be events

	receiving sync.Mutex // guards the following
	inbounds  map[nodeStart]*inbound
	closed    bool
}

// Open brings up the bus and makes sure that no other node has this name. The
// other nodes don't know of this one before Join.
func Open(ctx context.Context, o Options) (*Cluster, error) {
	if err := o.complete(); err != nil {
		return nil, err
	}
	keys, err := routeKeys(o.Secrets)
	if err != nil {
		return nil, err
	}
	peers, err := parsePeers(o.Peers)
	if err != nil {
		return nil, err
	}
	kept, err := readRecord(o.State)
	if err != nil {
		return nil, err
	}
	c := &Cluster{
		o: o, log: o.Logger, tag: protocol.NodeTag(o.Node), handlers: make(map[kind]handling), fatal: make(chan error, 1),
		fence: newFence(o.timing.lease, o.clock), warned: make(map[string]time.Time), lines: make(map[nodeStart]*line),
		inbounds: make(map[nodeStart]*inbound), box: strings.ToLower(rand.Text()),
		dirty: make(chan struct{}, 1), told: make(chan struct{}, 1),
	}
	c.ctx, c.cancel = context.WithCancel(context.Background())
	c.roster = newRoster(o.timing, o.Node, c.tag, o.Version, o.clock())
	c.roster.started = time.Now().UnixMilli()
	earlier := ""
	if kept != nil {
		earlier = kept.Inc
		c.roster.load(kept)
	}
	c.roster.become(newIncarnation(earlier))
	if c.bus, err = openBus(ctx, &c.o, keys, c.log); err != nil {
		c.cancel()
		return nil, err
	}
	if o.Listen == "" {
		c.roster.roots = c.bus.roots
	}
	c.handleCore()
	err = c.assemble()
	if err == nil {
		c.metrics = newMetrics(c)
		c.dial(peers)
		err = c.checkName(ctx)
	}
	if err != nil {
		c.Close()
		return nil, err
	}
	return c, nil
}

// dial begins to look for peers.
func (c *Cluster) dial(peers []peer) {
	c.dialler = &dialler{engine: c.bus.engine, peers: peers, resolve: c.o.resolver, every: c.o.timing.resolve,
		seen: make(map[string]time.Time), nameless: make(map[string]bool), log: c.log, looked: make(chan struct{})}
	if c.bus.engine == nil || len(peers) == 0 {
		close(c.dialler.looked)
		return
	}
	c.workers.Go(func() { c.dialler.run(c.ctx) })
}

// Self is this node.
func (c *Cluster) Self() Node {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.self()
}

func (c *Cluster) self() Node {
	return Node{Name: c.o.Node, Tag: c.tag, Version: c.o.Version, Hearing: true, Incarnation: c.roster.inc}
}

// Nodes are all members but this node, by name.
func (c *Cluster) Nodes() []Node {
	c.mu.Lock()
	defer c.mu.Unlock()
	list := make([]Node, 0, len(c.roster.members))
	for _, m := range c.roster.members {
		list = append(list, m.node())
	}
	slices.SortFunc(list, func(a, b Node) int { return strings.Compare(a.Name, b.Name) })
	return list
}

// Node is the member with this tag, this node too.
func (c *Cluster) Node(tag string) (Node, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if tag == c.tag {
		return c.self(), true
	}
	if m := c.roster.members[tag]; m != nil {
		return m.node(), true
	}
	return Node{}, false
}

// Fence says whether this node may act on the outside.
func (c *Cluster) Fence() *Fence { return c.fence }

// Fatal gets the reason why this process must end: another node has its name.
func (c *Cluster) Fatal() <-chan error { return c.fatal }

// Health says why this node isn't ready, or nil.
func (c *Cluster) Health() error {
	if !c.bus.connected() {
		return fmt.Errorf("cluster: %w", errNoNATS)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	r := c.roster
	heard := 1
	for _, m := range r.members {
		if m.hearing {
			heard++
		}
	}
	switch {
	case r.fatal != nil:
		return r.fatal
	case r.state == evicted:
		return fmt.Errorf("cluster: this node was declared lost and gives up what the others took over")
	case r.state == leaving:
		return fmt.Errorf("cluster: this node is leaving")
	case r.state == joining:
		return fmt.Errorf("cluster: this node isn't part of the cluster yet")
	case !c.fence.Valid():
		return fmt.Errorf("cluster: this node hears %d of %d nodes, itself among them: it needs %d", heard, r.count(), r.majority())
	}
	for _, o := range r.others {
		if r.count() > 1 && len(o.beat.Members) <= 1 {
			continue // it lists itself at most: those who are more go on
		}
		if r.gone[o.beat.start()] == nil && o.beats > beatsToAdmit {
			return fmt.Errorf("cluster: node %q is heard, but one of the two clusters isn't whole, so they stay apart: "+
				"bring their silent nodes back, or forget them", o.beat.Name)
		}
	}
	return nil
}

// Close ends it all, without a word to the others.
func (c *Cluster) Close() {
	c.cancel()
	c.mu.Lock()
	c.fence.set(false, moment{})
	c.roster.state, c.rejoining = leaving, true // nothing begins any more
	c.mu.Unlock()
	c.receiving.Lock()
	c.closed = true
	c.receiving.Unlock()
	c.calls.fail("")
	c.workers.Wait()
	c.disassemble()
	c.bus.close()
	c.metrics.unregister(c.o.Registerer)
}
