package store

import (
	"context"
	"strings"
)

// Store keeps values under keys. All methods may be called at the same time.
type Store interface {
	// Put keeps a copy of value under key, in place of what was there. It never
	// waits for I/O: the Commit does. What fails at once is the Commit's to say:
	// ErrTooLarge, ErrFull, ErrUnavailable, ErrClosed.
	Put(key string, value []byte) Commit
	// Delete forgets key; one that isn't there is no fault. It also works when the
	// store is full. One that fails is made up for once the store keeps writes again,
	// unless the key is put anew or the store closed.
	Delete(key string) Commit
	// Get returns a copy of what is under key, with this store's own writes, also
	// those that aren't kept yet. ErrNotFound, ErrDamaged, or ErrUnavailable if it
	// can't be read now.
	Get(ctx context.Context, key string) ([]byte, error)
	// Scan calls fn for each key that begins with prefix and its value, in the
	// order of keys, until fn fails. What fn gets is its own. Each key is shown as it
	// was at some moment while Scan ran; what is written meanwhile may be in it or
	// not. A record that is damaged is left out and logged. It is meant for the start.
	Scan(prefix string, fn func(key string, value []byte) error) error
	// Size counts the keys that begin with prefix and the bytes of these and their
	// values, writes that aren't kept yet not counted. prefix is a whole first
	// segment, as "c/", or "". It is cheap.
	Size(prefix string) (keys int, bytes int64)
	// Health is nil, or why nothing can be kept now: ErrFull or ErrUnavailable with
	// the cause in words. The store works by itself on getting over it.
	Health() error
	// Largest is how large a value can be under a key of up to a KiB, in bytes.
	Largest() int
	// Close keeps what waits. When ctx ends before, what still waits fails.
	Close(ctx context.Context) error
}

// Segment is the key up to its first slash, with it.
func Segment(key string) string { return key[:strings.IndexByte(key, '/')+1] }
