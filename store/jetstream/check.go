package jetstream

import (
	"context"
	"errors"
	"fmt"

	"github.com/nats-io/nats.go/jetstream"
)

// Check says why Open would fail with these options, as far as that can be known without
// opening the log. It leaves nothing behind. largest is what Largest would be. The server
// is waited for as long as ctx lets.
func Check(ctx context.Context, o Options) (largest int, err error) {
	if err := o.complete(); err != nil {
		return 0, err
	}
	s := &Store{options: o, log: o.Logger, most: payload, gone: make(chan string, 1), back: make(chan struct{}, 1)}
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
