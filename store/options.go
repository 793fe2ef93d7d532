package store

import (
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Options says where a store keeps its log and how hard it tries to.
type Options struct {
	// Dir is the embedded server's directory; it is made if it isn't there.
	// Required unless URL is set. One process at a time may use it.
	Dir string
	// URL names an external NATS server with JetStream instead; Node then names
	// the stream, and no two running nodes may share a name.
	URL  string
	Node string
	// Sync is how often the embedded server syncs its files. 0 syncs before each
	// acknowledgement. An external server has its own setting.
	Sync time.Duration
	// MaxBytes bounds the log, live and garbage: puts beyond it fail with
	// ErrFull. Deletes and compaction may go above it by a quarter and 32 MiB.
	// 0 is 4 GiB.
	MaxBytes int64

	Logger     *slog.Logger
	Registerer prometheus.Registerer
}

const (
	defaultMaxBytes = 4 << 30
	// gathered is how large a message grows before the next one is begun.
	gathered = 512 << 10
	// payload is the most that the embedded server takes in one message, and all that
	// is made use of with an external one. headers are for what NATS adds.
	payload, headers = 8 << 20, 4 << 10
	// leastPayload is what an external server must take.
	leastPayload = 1 << 20
	// maxPending bounds the memory of what waits for an acknowledgement.
	maxPending = 32 << 20
)

func (o *Options) complete() error {
	if o.Dir == "" && o.URL == "" {
		return errors.New("store: neither a directory nor a NATS URL is given")
	}
	if o.MaxBytes <= 0 {
		o.MaxBytes = defaultMaxBytes
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	return nil
}

// What Wait, Get and Health say; test with errors.Is.
var (
	// ErrNotFound: nothing is kept under that key.
	ErrNotFound = errors.New("store: not found")
	// ErrFull: no room, in MaxBytes, on the disk, or in memory for what waits.
	ErrFull = errors.New("store: full")
	// ErrUnavailable: the log can't be written now. The store tries by itself to recover.
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
