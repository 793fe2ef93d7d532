package store

import (
	"context"
	"errors"
	"fmt"

	"github.com/nats-io/nats.go/jetstream"
)

// ReadStream calls fn for each key, and its value, of a node whose store is on the
// external server o.URL, in the order of keys, until fn fails: what the store of
// o.Node would show after a restart. It only reads: neither the stream nor what
// that node does with it changes, and of o only these two fields and Logger count.
//
// It is for a node that is gone: of one that goes on writing it shows each key as
// it was at some moment meanwhile, or as missing. Where there is no such stream
// there are no keys. A record that is damaged is left out and logged.
func ReadStream(ctx context.Context, o Options, fn func(key string, value []byte) error) error {
	if o.URL == "" {
		return errors.New("store: no NATS URL is given")
	}
	if err := o.complete(); err != nil {
		return err
	}
	s := &Store{options: o, log: o.Logger, ctx: ctx, gone: make(chan string, 1)}
	nc, err := s.connect(ctx)
	if err != nil {
		return err
	}
	defer nc.Close()
	l, err := newLink(nc, tag(o.Node))
	if err != nil {
		return err
	}
	s.link.Store(l)
	s.near.Store(newCache())
	state, err := l.state(ctx)
	if errors.Is(err, jetstream.ErrStreamNotFound) {
		return nil
	}
	if err == nil {
		var d *loaded
		if d, err = load(ctx, l, state, 0); err == nil {
			return s.readOut(d, fn)
		}
	}
	return fmt.Errorf("store: stream %s: %w", l.stream, err)
}

// readOut calls fn for all that was found in the log.
func (s *Store) readOut(d *loaded, fn func(key string, value []byte) error) error {
	if damage := d.damage(); damage != "" {
		s.report(damage)
	}
	s.index = d.index
	return s.Scan("", fn)
}
