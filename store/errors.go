package store

import (
	"errors"
	"fmt"
)

// What Wait, Get and Health say; test with errors.Is.
var (
	// ErrNotFound: nothing is kept under that key.
	ErrNotFound = errors.New("store: not found")
	// ErrFull: no room, in the store's bound, on the disk, or in memory for what waits.
	ErrFull = errors.New("store: full")
	// ErrUnavailable: nothing can be written now. The store tries by itself to recover.
	ErrUnavailable = errors.New("store: unavailable")
	// ErrDamaged: what is kept under that key can't be read any more. It is an
	// ErrUnavailable, too.
	ErrDamaged = fmt.Errorf("%w: the record is damaged", ErrUnavailable)
	// ErrTooLarge: a value is over Largest.
	ErrTooLarge = errors.New("store: record too large")
	// ErrNoKey: a key has at least one byte.
	ErrNoKey = errors.New("store: empty key")
	// ErrClosed: after Close.
	ErrClosed = errors.New("store: closed")
	// ErrLocked: another process uses the directory.
	ErrLocked = errors.New("store: in use by another process")
)
