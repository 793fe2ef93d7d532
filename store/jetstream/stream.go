package jetstream

import (
	"context"
	"errors"
	"fmt"

	"github.com/nats-io/nats.go/jetstream"
)

// Stream is what a node left on an external server, as another one reads it.
type Stream struct{ store *Store }

// ReadStream reads the log of a node whose store is on the external server o.URL: its
// content is then what the store of o.Node would show after a restart. It only reads:
// neither the log nor what that node does with it changes, and of o only these two
// fields and Logger count. Where there is no such log the content is empty.
//
// It is for a node that is gone: of one that goes on writing it shows each key as
// it was at some moment meanwhile, or as missing. ctx is for all that is done with
// the Stream, which is to be closed.
func ReadStream(ctx context.Context, o Options) (*Stream, error) {
	if err := o.complete(); err != nil {
		return nil, err
	}
	s := &Store{options: o, log: o.Logger, ctx: ctx, index: newIndex(), gone: make(chan string, 1)}
	s.near = newCache()
	nc, err := s.connect(ctx)
	if err != nil {
		return nil, err
	}
	l, err := newLink(nc, tag(o.Node))
	if err == nil {
		s.link = l
		err = s.readLog(ctx, l)
	}
	if err != nil {
		nc.Close()
		return nil, err
	}
	return &Stream{s}, nil
}

func (s *Store) readLog(ctx context.Context, l *link) error {
	state, err := l.state(ctx)
	if errors.Is(err, jetstream.ErrStreamNotFound) {
		return nil
	}
	var d *loaded
	if err == nil {
		d, err = load(ctx, l, state, 0)
	}
	if err != nil {
		return fmt.Errorf("store: stream %s: %w", l.stream, err)
	}
	if damage := d.damage(); damage != "" {
		s.report(damage)
	}
	s.index = d.index
	return nil
}

// Scan calls fn for each key that begins with prefix and its value, in the order of
// keys, until fn fails. A record that is damaged is left out and logged.
func (s *Stream) Scan(prefix string, fn func(key string, value []byte) error) error {
	return s.store.Scan(prefix, fn)
}

// Close ends the reading.
func (s *Stream) Close() { s.store.link.nc.Close() }
