package webhooks

import "context"

// Keeper keeps values under keys across the end of the process: what waits in
// the outbox under e/<event id>, dead letters under d/<event id>. What is written
// is kept in the order of the calls. Its methods are called by many goroutines at
// once.
type Keeper interface {
	// Put keeps a copy of value. It never blocks on I/O.
	Put(key string, value []byte) Commit
	// Delete forgets a key; one that isn't there is no fault.
	Delete(key string) Commit
	// Get gives a value, also one that isn't committed yet.
	Get(ctx context.Context, key string) ([]byte, error)
	// Scan gives all keys with a prefix and their values, in the order of the keys.
	Scan(prefix string, fn func(key string, value []byte) error) error
	// Size is how much is kept under a prefix. It is cheap.
	Size(prefix string) (keys int, bytes int64)
	// Health is nil, or why nothing can be kept now.
	Health() error
}

// Commit is a write that is on its way.
type Commit interface {
	// Wait returns nil once the write is kept.
	Wait(ctx context.Context) error
}

const (
	outboxPrefix = "e/"
	letterPrefix = "d/"
)
