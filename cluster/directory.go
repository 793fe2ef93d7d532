package cluster

import (
	"context"
	"sync"
	"time"
)

// The directory says which node has which uids and groups. Each node numbers the
// changes of its own names and sends every peer those that it lacks, or all names
// where that is more than changes; a peer that has acknowledged a change finds the
// name there from then on.
type directory struct {
	cluster *Cluster
	epoch   [8]byte // of this node's numbering
	tables  [2]*table
	slots   slots

	mu        sync.Mutex
	followers followers          // guarded by mu
	sources   map[string]*source // guarded by mu; by tag

	wake    chan struct{} // cap 1: there may be something to send
	ctx     context.Context
	cancel  context.CancelFunc
	workers sync.WaitGroup
}

// Hold says that this node has its first client with this name, or that the last
// one has gone. The calls for one name must come one after the other. It never
// blocks; Settle waits until the others know.
func (c *Cluster) Hold(kind Kind, name string, present bool) {
}

// Settle waits until every peer that can be heard knows of all that Hold was told
// before, and returns those that don't know after the time of one call, or when ctx
// ends. It returns at once where nothing is outstanding.
func (c *Cluster) Settle(ctx context.Context) []Node { return nil }

// Holders gives the tags of the other nodes that have one of these uids or groups.
func (c *Cluster) Holders(uids, groups []string) []string { return nil }

// Elsewhere says whether another node has this name.
func (c *Cluster) Elsewhere(kind Kind, name string) bool { return false }

// Names is how many different names of this kind there are on all nodes.
func (c *Cluster) Names(kind Kind) int { return 0 }

// FirstHolder says whether this node has the name, and no node with a lower tag.
func (c *Cluster) FirstHolder(kind Kind, name string) bool { return false }

type slots struct{}
type source struct{}

func newDirectory(c *Cluster) *directory {
	d := &directory{cluster: c, wake: make(chan struct{}, 1), tables: [2]*table{newTable(), newTable()}}
	d.ctx, d.cancel = context.WithCancel(context.Background())
	return d
}

func (d *directory) close() { d.cancel(); d.workers.Wait() }

var _ = time.Now
