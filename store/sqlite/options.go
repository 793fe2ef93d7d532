package sqlite

import (
	"errors"
	"log/slog"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Options says where a store has its files and how hard it tries to keep them.
type Options struct {
	// Dir is the directory; it is made if it isn't there. One process at a time may
	// use it.
	Dir string
	// Node is the name of the node whose store it is. A directory that another one
	// wrote is taken over, with a warning. "": nobody's.
	Node string
	// Sync is how often what is written is synced to the disk. 0 syncs before each
	// acknowledgement.
	Sync time.Duration
	// MaxBytes bounds the keys and values that are kept: puts beyond it fail with
	// ErrFull. The files may take twice that, and 64 MiB more. 0 is 4 GiB.
	MaxBytes int64
	// Views are made for people who look into the file: select statements by name.
	Views map[string]string

	Logger     *slog.Logger
	Registerer prometheus.Registerer

	// onWrite is called before each transaction; tests make disks slow by it, and
	// have them fail.
	onWrite func() error
	// onSync is called before each of the store's own syncs.
	onSync func() error
}

const (
	defaultMaxBytes = 4 << 30
	// gathered is how large a group of writes grows before the next one is begun.
	gathered = 512 << 10
	// maxPending bounds the memory of what waits to be written.
	maxPending = 32 << 20
	// keyRoom is the longest key that Largest goes with.
	keyRoom = 1 << 10
	// largest is the most that key and value may have together.
	largest = 8<<20 - 4<<10

	// Largest is every Store's.
	Largest = largest - keyRoom
)

func (o *Options) complete() error {
	if o.Dir == "" {
		return errors.New("store: no directory is given")
	}
	if o.MaxBytes <= 0 {
		o.MaxBytes = defaultMaxBytes
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	return nil
}
