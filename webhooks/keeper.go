package webhooks

import (
	"context"

	"gatepost/store"
)

// Keeper keeps values under keys across the end of the process: what waits in the
// outbox, dead letters, and what was in the outbox and can't be read (see the
// prefixes below). What is written is kept in the order of the calls. Its methods
// are called by many goroutines at once.
type Keeper interface {
	// Put keeps a copy of value. It never blocks on I/O.
	Put(key string, value []byte) Commit
	// Delete forgets a key; one that isn't there is no fault.
	Delete(key string) Commit
	// Get gives a value, also one that isn't committed yet. store.ErrNotFound: there
	// is none; store.ErrDamaged: nor one that can ever be read again.
	Get(ctx context.Context, key string) ([]byte, error)
	// Scan gives all keys with a prefix and their values, in the order of the keys.
	Scan(prefix string, fn func(key string, value []byte) error) error
	// Size is how much is kept under a prefix. It is cheap.
	Size(prefix string) (keys int, bytes int64)
	// Largest is how large a value can be, in bytes.
	Largest() int
	// Health is nil, or why nothing can be kept now.
	Health() error
}

// Commit is a write that is on its way.
type Commit = store.Commit

// What the Keeper's keys begin with. Nodes hand over to each other what is under the
// first two (see AdoptEvent and AdoptLetter).
const (
	OutboxPrefix = "e/" // e/<event id>: an event that waits for a later try
	LetterPrefix = "d/" // d/<event id>: a dead letter
	asidePrefix  = "x/" // x/<event id>: a record of the outbox that can't be read
)
