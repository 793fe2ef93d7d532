package cluster

import (
	"context"
	"crypto/rand"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// directory says which node has which uids and groups. Each node numbers the
// changes of its own names and sends every peer those that it lacks, or all names
// where these are more than changes; a peer that has acknowledged a change finds the
// name there from then on.
type directory struct {
	cluster *Cluster
	tables  [2]*table // by kind
	slots   *slots

	// The number of the last change, and up to which one all peers that can be heard
	// have them: copies of what followers says, for Settle.
	last, settled atomic.Uint64

	mu          sync.Mutex // may be locked under a table's lock
	followers   followers  // guarded by mu
	epoch       epoch      // guarded by mu; of this node's numbers
	incarnation string     // guarded by mu; that the epoch belongs to

	in      sync.Mutex         // never locked together with mu
	sources map[string]*source // guarded by in; by tag
	arrived chan struct{}      // guarded by in; closed when a source is complete, and replaced

	wake    chan struct{} // cap 1: there may be something to send
	ctx     context.Context
	cancel  context.CancelFunc
	workers sync.WaitGroup
}

// epoch tells the numbers of one life of a node from those of another.
type epoch [8]byte

func newEpoch() (e epoch) {
	_, _ = rand.Read(e[:]) // never fails
	return e
}

func newDirectory(c *Cluster) *directory {
	me := c.Self()
	d := &directory{cluster: c, tables: [2]*table{newTable(), newTable()}, slots: newSlots(me.Tag),
		epoch: newEpoch(), incarnation: me.Incarnation,
		sources: map[string]*source{}, arrived: make(chan struct{}), wake: make(chan struct{}, 1)}
	d.settled.Store(d.followers.settled())
	d.ctx, d.cancel = context.WithCancel(context.Background())
	c.handle(kindDirectoryDelta, false, d.takeChanges)
	c.handle(kindDirectorySnapshot, false, d.takeAll)
	c.handle(kindDirectoryAck, false, d.takeAck)
	c.observe(observer{onHeard: d.onHeard, onSilent: d.onSilent, onGone: d.onGone})
	d.workers.Go(func() { tellOn(d.ctx, d.wake, retry, d.checkLife, d.tellAll) })
	return d
}

func (d *directory) close() {
	d.cancel()
	d.workers.Wait()
}

func (d *directory) table(kind Kind) *table { return d.tables[kind-1] }

// Hold says that this node has its first client with this name, or that the last
// one has gone. The calls for one name must come one after the other. It never
// blocks; Settle waits until the others know.
func (c *Cluster) Hold(kind Kind, name string, present bool) {
	d := c.directory
	op := byte(kind)
	if !present {
		op |= gone
	}
	dg := digestOf(kind, name)
	d.table(kind).set(dg, self, present, func() {
		d.mu.Lock()
		d.followers.changed(change{dg, op})
		d.publish()
		d.mu.Unlock()
	})
	notify(d.wake)
}

// publish brings last and settled up to date. It needs mu.
func (d *directory) publish() {
	d.last.Store(d.followers.log.last)
	d.settled.Store(d.followers.settled())
}

// Settle waits until every peer that can be heard knows of all that Hold was told
// before, and returns those that don't know after the time of one call, or when ctx
// ends. It returns at once where nothing is outstanding.
func (c *Cluster) Settle(ctx context.Context) []Node {
	d := c.directory
	number := d.last.Load()
	if d.settled.Load() >= number {
		return nil
	}
	d.mu.Lock()
	w, lacking := d.followers.wait(number)
	d.mu.Unlock()
	if w == nil {
		return nil
	}
	timeout := time.NewTimer(c.o.timing.call)
	defer timeout.Stop()
	select {
	case <-w.done:
	case <-timeout.C:
	case <-ctx.Done():
	}
	d.mu.Lock()
	lacking = d.followers.stopWaiting(w, lacking)
	d.mu.Unlock()
	var nodes []Node
	for _, p := range lacking {
		if n, ok := c.Node(p.tag); ok {
			nodes = append(nodes, n)
		}
	}
	return nodes
}

// Holders gives the tags of the other nodes that have one of these uids or groups,
// silent ones too, in order.
func (c *Cluster) Holders(uids, groups []string) []string {
	d := c.directory
	tags := *d.slots.tags.Load()
	held := make([]bool, len(tags))
	var found []slot
	mark := func(kind Kind, names []string) {
		for _, name := range names {
			found = d.table(kind).holders(digestOf(kind, name), found[:0])
			for _, s := range found {
				if int(s) < len(held) { // a slot that came since holds no name for long
					held[s] = true
				}
			}
		}
	}
	mark(UID, uids)
	mark(Group, groups)
	var holders []string
	for s, tag := range tags {
		if held[s] && slot(s) != self && tag != "" {
			holders = append(holders, tag)
		}
	}
	slices.Sort(holders)
	return slices.Compact(holders)
}

// Elsewhere says whether another node has this name.
func (c *Cluster) Elsewhere(kind Kind, name string) bool {
	var buffer [16]slot
	for _, s := range c.directory.table(kind).holders(digestOf(kind, name), buffer[:0]) {
		if s != self && c.directory.slots.tag(s) != "" {
			return true
		}
	}
	return false
}

// Names is how many different names of this kind there are on all nodes, those of
// connecting clients among them.
func (c *Cluster) Names(kind Kind) int {
	s := c.directory.slots
	return c.directory.table(kind).count(func(holders []slot) bool {
		return slices.ContainsFunc(holders, func(n slot) bool { return s.tag(n) != "" })
	})
}

// FirstHolder says whether this node has the name, and no node with a lower tag.
func (c *Cluster) FirstHolder(kind Kind, name string) bool {
	var buffer [16]slot
	holders := c.directory.table(kind).holders(digestOf(kind, name), buffer[:0])
	mine := c.directory.slots.tag(self)
	return slices.Contains(holders, self) && !slices.ContainsFunc(holders, func(n slot) bool {
		tag := c.directory.slots.tag(n)
		return tag != "" && tag < mine
	})
}
