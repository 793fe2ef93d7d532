package store

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/nats-io/nats.go/jetstream"
)

// Check says why Open would fail with these options, as far as that can be known without
// opening the log: ErrLocked where another process has the directory. It leaves nothing behind. largest is
// what Largest would be. An external server is waited for as long as ctx lets.
func Check(ctx context.Context, o Options) (largest int, err error) {
	if err := o.complete(); err != nil {
		return 0, err
	}
	s := &Store{options: o, log: o.Logger, most: payload, gone: make(chan string, 1), back: make(chan struct{}, 1)}
	if o.URL == "" {
		return s.Largest(), checkDirectory(o.Dir)
	}
	nc, err := s.connect(ctx)
	if err != nil {
		return 0, err
	}
	defer nc.Close()
	if s.most, err = payloadOf(nc); err != nil {
		return 0, err
	}
	l, err := newLink(nc, tag(o.Node))
	if err != nil {
		return 0, err
	}
	if _, err := l.state(ctx); err != nil && !errors.Is(err, jetstream.ErrStreamNotFound) {
		return 0, fmt.Errorf("store: stream %s: %w", l.stream, err)
	}
	return s.Largest(), nil
}

// checkDirectory opens the directory, and takes away what that has made.
func checkDirectory(path string) error {
	lock := filepath.Join(path, lockName)
	newPath, newLock := missing(path), missing(lock)
	d, err := openDirectory(path)
	if newLock && !errors.Is(err, ErrLocked) {
		_ = os.Remove(lock)
	}
	if d != nil {
		d.close()
	}
	if newPath {
		_ = os.Remove(path) // if it is empty
	}
	return err
}

func missing(path string) bool {
	_, err := os.Lstat(path)
	return errors.Is(err, os.ErrNotExist)
}
