package jetstream

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"time"

	"github.com/nats-io/nats.go"
)

// openExternal connects to a server, waiting for it as long as ctx lets, and
// reads the log.
func (s *Store) openExternal(ctx context.Context) error {
	nc, err := s.connect(ctx)
	if err != nil {
		return err
	}
	l, err := newLink(nc, tag(s.options.Node))
	if err != nil {
		nc.Close()
		return err
	}
	s.link = l
	if s.most, err = payloadOf(nc); err != nil {
		return err
	}
	stream, err := s.ensureStream(ctx)
	if err != nil {
		return fmt.Errorf("store: stream %s: %w", l.stream, err)
	}
	if !stream.reserved {
		s.log.Warn("store: " + noReservation(s.streamBound()) + ": how much can be kept depends on what else is there")
		if stream.bound > 0 {
			s.mu.Lock() // its metric is there already
			s.options.MaxBytes = min(s.options.MaxBytes, bytesWithin(stream.bound))
			s.mu.Unlock()
		}
	}
	d, err := load(ctx, l, stream.state, 0)
	if err != nil {
		return fmt.Errorf("store: stream %s: %w", l.stream, err)
	}
	if damage := d.damage(); damage != "" {
		s.report(damage)
	}
	s.index, s.last, s.good = d.index, d.last, d.good
	return s.proveWithRoom(ctx)
}

// payloadOf is the most that a message of the store's may have at this server.
func payloadOf(nc *nats.Conn) (int, error) {
	most := nc.MaxPayload()
	if most < leastPayload {
		return 0, fmt.Errorf("store: NATS takes messages up to %d bytes, 1 MiB is needed (max_payload)", most)
	}
	return int(min(most, payload)), nil
}

// connect makes a connection to the server, waiting for it as long as ctx lets, or
// 30 s.
func (s *Store) connect(ctx context.Context) (*nats.Conn, error) {
	if _, ok := ctx.Deadline(); !ok {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, 30*time.Second)
		defer cancel()
	}
	for told := false; ; told = true {
		nc, err := nats.Connect(s.options.URL, nats.Name("gatepost store "+s.options.Node),
			nats.MaxReconnects(-1), nats.ReconnectWait(250*time.Millisecond), nats.ReconnectBufSize(-1),
			// A connection over which nothing comes is given up soon: once the network is
			// back TCP may take as long as it was away to try it again.
			nats.Timeout(2*time.Second), nats.PingInterval(2*time.Second), nats.MaxPingsOutstanding(2),
			nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) { // else it goes to stderr
				s.log.Warn("store: NATS", "error", err)
			}),
			nats.DisconnectErrHandler(func(_ *nats.Conn, err error) {
				if err == nil { // by Close
					return
				}
				s.log.Warn("store: NATS has gone", "error", err)
				select {
				case s.gone <- "the connection to NATS broke":
				default:
				}
			}),
			nats.ReconnectHandler(func(*nats.Conn) {
				s.log.Info("store: NATS is back")
				select {
				case s.back <- struct{}{}:
				default:
				}
			}))
		if err == nil {
			return nc, nil
		}
		if bad := (*url.Error)(nil); errors.As(err, &bad) {
			return nil, fmt.Errorf("store: the NATS URL makes no sense: %w", bad.Err) // without the URL: it may hold a password
		}
		if !told {
			s.log.Warn("store: NATS can't be reached yet", "error", err)
		}
		select {
		case <-time.After(500 * time.Millisecond):
		case <-ctx.Done():
			return nil, fmt.Errorf("store: NATS can't be reached: %w", err)
		}
	}
}
