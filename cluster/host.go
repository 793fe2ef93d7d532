package cluster

import "context"

// Host is this node, as the others use it.
type Host interface {
	// Serve answers one call. Calls of one node are begun in the order in which
	// it made them: what is cheap is done before Serve returns; what takes long,
	// and all that calls other nodes, goes on in a goroutine of its own. request
	// is Serve's to keep.
	Serve(ctx context.Context, from Node, request []byte, reply Reply)
	// TakeOver makes the clients of a lost node this node's to close. It is
	// durable when it returns.
	TakeOver(ctx context.Context, lost Node, copies []Copy) error
	// GiveUp says that these clients of this node were taken over by others while
	// it was cut off: they are closed with 1001, their events dropped. It returns
	// when none of them starts an attempt any more.
	GiveUp(ctx context.Context, clients []string) error
	// Adopt takes a part of what a departing node hands over, journal keys and
	// values. It is durable when it returns.
	Adopt(ctx context.Context, from Node, entries []Entry) error
}

// Reply is where the answer to a call goes. Its parts may be sent from any
// goroutine, in the order in which they shall come; Done ends it, and must be called.
type Reply interface {
	// Part sends one part, of up to 1 MiB.
	Part(b []byte) error
	Done()
}

// Copy is a client's record, kept for another node.
type Copy struct {
	ClientID string
	Record   []byte
}

// Entry is a key of the journal with its value.
type Entry struct {
	Key   string
	Value []byte
}
