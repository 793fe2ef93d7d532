package gateway

import (
	"context"

	"gatepost/cluster"
	"gatepost/protocol"
	"gatepost/webhooks"
)

// What the core needs of its neighbours. The Journal, which belongs to no other package,
// is in journal.go, the Successor in handover.go.

// Deliverer takes events to the backend.
type Deliverer interface {
	// Wants says whether events of this type from clients of this path go
	// anywhere.
	Wants(t protocol.EventType, path string) bool
	// Endpoint names where they go; empty: nowhere.
	Endpoint(t protocol.EventType, path string) string
	// Deliver takes one event to the backend, quick retries included, and says
	// what became of it. A cancelled context gives up what hasn't begun.
	Deliver(ctx context.Context, path, traceID string, ev *protocol.Event) protocol.Outcome
	// Redeliver goes on with an event that an earlier process kept.
	Redeliver(ctx context.Context, k *webhooks.KeptEvent) protocol.Outcome
}

// Cluster is the other nodes. *cluster.Cluster is one; nil: this node is alone.
type Cluster interface {
	// Nodes are all members but this node, silent ones included.
	Nodes() []cluster.Node
	// Node is the member with this tag.
	Node(tag string) (cluster.Node, bool)
	// Call sends a request to several nodes at once, and returns when all have
	// answered, or in less than two seconds. A silent node doesn't answer, at once.
	Call(ctx context.Context, tags []string, request []byte) []cluster.Answer
	// Settle waits until the nodes that can be heard know which uids and groups this
	// one holds, and gives those that didn't say so in time.
	Settle(ctx context.Context) []cluster.Node
	// Holders are the tags of the other nodes that hold any of these names.
	Holders(uids, groups []string) []string
	// Elsewhere says whether another node holds the name.
	Elsewhere(kind cluster.Kind, name string) bool
	// FirstHolder says whether of all nodes that hold the name, this one among them,
	// this one counts it.
	FirstHolder(kind cluster.Kind, name string) bool
}

// Fence says whether this node may act on the outside. *cluster.Fence is one; nil:
// it always may.
type Fence interface {
	// Valid is cheap, and right at the moment of the call.
	Valid() bool
	// Wait returns nil once it is valid.
	Wait(ctx context.Context) error
	// Lost is closed when it ends to be valid.
	Lost() <-chan struct{}
}

// Webhooks is what is asked of the endpoints and of dead letters. A
// *webhooks.Dispatcher is one. Problems are *protocol.Problem.
type Webhooks interface {
	// Stats are this node's endpoints.
	Stats() []protocol.EndpointStats
	// Dead lists dead letters, oldest first, and gives the cursor of the next page.
	Dead(ctx context.Context, p protocol.Page) ([]webhooks.DeadLetter, string, error)
	// Have gives those of the ids of which there is a dead letter.
	Have(ids []string) []string
	DeadLetter(ctx context.Context, id string) (*webhooks.DeadLetter, error)
	Replay(ctx context.Context, r protocol.Replay) (int, error)
	Drop(ctx context.Context, id string) error
}

// Outbox keeps events that wait for a later try, and dead letters. A
// *webhooks.Dispatcher is one.
type Outbox interface {
	// AdoptEvent keeps another node's event; nil: there is nothing to deliver.
	AdoptEvent(key string, value []byte) (*webhooks.KeptEvent, webhooks.Commit, error)
	// AdoptLetter keeps another node's dead letter.
	AdoptLetter(key string, value []byte) (webhooks.Commit, error)
	// Forget takes a kept event off the record that nobody has begun to deliver.
	Forget(k *webhooks.KeptEvent)
}
