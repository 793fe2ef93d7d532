package cluster

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go"
)

// bus is the connection to NATS, in this process or elsewhere. What is published
// one after another to one subject arrives so.
type bus struct {
	nc     *nats.Conn
	engine *engine // nil: an external server
	// roots are what this node's subjects begin with, those of the first secret
	// first: nodes that have a secret in common share a root.
	roots   []string
	slow    atomic.Uint64 // messages dropped because this node didn't keep up
	largest int           // bytes that the server takes in one message
}

const (
	// pendingBytes bounds what waits in this process to be handled.
	pendingBytes = 256 << 20
	connectWait  = 30 * time.Second
)

var errNoNATS = errors.New("NATS can't be reached")

// openBus starts or reaches NATS; a server that is away is waited for until ctx
// ends, or half a minute.
func openBus(ctx context.Context, o *Options, keys []routeKey, log *slog.Logger) (*bus, error) {
	b := &bus{}
	options := []nats.Option{
		nats.Name("gatepost cluster"), nats.NoEcho(), nats.MaxReconnects(-1), nats.ReconnectBufSize(-1),
		nats.ReconnectWait(250 * time.Millisecond), nats.ReconnectJitter(100*time.Millisecond, 250*time.Millisecond),
		nats.Timeout(2 * time.Second), nats.PingInterval(2 * time.Second), nats.MaxPingsOutstanding(2), nats.FlusherTimeout(2 * time.Second),
		nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) {
			if errors.Is(err, nats.ErrSlowConsumer) {
				b.slow.Add(1)
			}
			log.Warn("cluster: NATS", "error", err)
		}),
		nats.DisconnectErrHandler(func(_ *nats.Conn, err error) {
			if err != nil {
				log.Warn("cluster: NATS has gone", "error", err)
			}
		}),
		nats.ReconnectHandler(func(*nats.Conn) { log.Info("cluster: NATS is back") }),
	}
	if o.Listen == "" {
		for _, key := range keys {
			b.roots = append(b.roots, "gatepost."+key.id[:16])
		}
		return b, b.connect(ctx, strings.Join(o.URLs, ","), options)
	}
	// Who has no secret in common has no route.
	b.roots = []string{"gatepost.routed"}
	engine, err := startEngine(ctx, o, keys, log)
	if err != nil {
		return nil, err
	}
	b.engine = engine
	if err := b.connect(ctx, nats.DefaultURL, append(options, nats.InProcessServer(engine), nats.Token(engine.token))); err != nil {
		engine.stop()
		return nil, err
	}
	return b, nil
}

func (b *bus) connect(ctx context.Context, to string, options []nats.Option) error {
	ctx, cancel := context.WithTimeout(ctx, connectWait)
	defer cancel()
	for {
		nc, err := nats.Connect(to, options...)
		if err == nil {
			b.nc, b.largest = nc, int(nc.MaxPayload())
			if b.largest < frameHead+piece {
				nc.Close()
				return fmt.Errorf("cluster: NATS takes messages up to %d bytes, 1 MiB is needed (max_payload)", b.largest)
			}
			return nil
		}
		if bad := (*url.Error)(nil); errors.As(err, &bad) {
			return fmt.Errorf("cluster: the NATS URL makes no sense: %w", bad.Err) // without the URL: it may hold a password
		}
		if pause(ctx, 250*time.Millisecond); ctx.Err() != nil {
			return fmt.Errorf("cluster: %w: %w", errNoNATS, err)
		}
	}
}

func (b *bus) close() {
	b.nc.Close()
	if b.engine != nil {
		b.engine.stop()
	}
}

// Subjects below a root.
func allOf(root string) string                     { return root + ".all" }
func nodeOf(root, tag string) string               { return root + ".node." + tag }
func answersOf(root, tag, inc string) string       { return root + ".answer." + tag + "." + inc }
func (b *bus) connected() bool                     { return b.nc.IsConnected() }
func (b *bus) publish(m *nats.Msg) error           { return b.nc.PublishMsg(m) }
func (b *bus) send(subject string, d []byte) error { return b.nc.Publish(subject, d) }

// subscribe hands the messages of a subject to fn one by one. It is in force
// with the servers when it returns, or NATS is away.
func (b *bus) subscribe(subject string, fn func(*nats.Msg)) (*nats.Subscription, error) {
	sub, err := b.nc.Subscribe(subject, fn)
	if err != nil {
		return nil, fmt.Errorf("cluster: subscribing: %w", err)
	}
	if err := sub.SetPendingLimits(-1, pendingBytes); err != nil {
		return nil, fmt.Errorf("cluster: subscribing: %w", err)
	}
	return sub, nil
}
