package store

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// Open opens the log, or makes it, and reads it once. A damaged one doesn't
// stop it: what can be read is kept, the rest is set aside, and Opened says
// so. An error says that there is no writing here, and why; ErrLocked that
// another process has the directory.
func Open(ctx context.Context, o Options) (*Store, error) {
	if err := o.complete(); err != nil {
		return nil, err
	}
	start := time.Now()
	s := &Store{options: o, log: o.Logger, fresh: make(map[string]freshWrite),
		work: make(chan struct{}, 1), rewrite: make(chan struct{}, 1),
		token: uint64(rand.Uint32()) << 32}
	s.near.Store(newCache())
	var (
		d   *loaded
		err error
	)
	if o.URL != "" {
		d, err = s.openExternal(ctx)
	} else {
		d, err = s.openEmbedded(ctx)
	}
	if err != nil {
		s.abandon()
		return nil, err
	}
	s.index, s.last, s.good = d.index, d.last, d.good
	if d.damage() != "" {
		s.cleanse = d.last
	}
	s.ctx, s.cancel = context.WithCancel(context.Background())
	if err := s.prove(ctx); err != nil {
		s.abandon()
		return nil, fmt.Errorf("store: the log takes no writes: %w", cause(err))
	}
	s.opened.Records, s.opened.Bytes, s.opened.Took = s.index.records, s.index.used, time.Since(start)
	if s.seen, err = newSeen(s, o.Registerer); err != nil {
		s.abandon()
		return nil, err
	}
	s.begin()
	return s, nil
}

// begin starts what works in the background.
func (s *Store) begin() {
	s.workers.Go(s.commitWrites)
	ctx, cancel := context.WithCancel(s.ctx)
	s.compact = cancel
	s.workers.Go(func() { s.compactLog(ctx) })
	if s.wantsCompaction() {
		s.wakeCompactor()
	}
}

// openEmbedded opens the log in a directory. If it can't be, whatever the
// reason, it is set aside and a fresh one is begun.
func (s *Store) openEmbedded(ctx context.Context) (*loaded, error) {
	var err error
	if s.dir, err = openDirectory(s.options.Dir); err != nil {
		return nil, err
	}
	before := s.dir.note()
	if before.Openings >= hopeless {
		if err := s.setAside(fmt.Sprintf("the process died %d times while it opened the log", before.Openings)); err != nil {
			return nil, err
		}
		before = note{}
	}
	opening := before
	opening.Openings++
	if err := s.dir.setNote(opening); err != nil {
		return nil, fmt.Errorf("store: can't write in the directory %s: %w", s.options.Dir, err)
	}
	d, err := s.tryEmbedded(ctx, before)
	if err != nil && ctx.Err() == nil && !errors.Is(cause(err), ErrFull) {
		s.stopEmbedded()
		if err := s.setAside(err.Error()); err != nil {
			return nil, err
		}
		d, err = s.tryEmbedded(ctx, note{})
	}
	if err != nil {
		s.dir.restoreNote(before)
		return nil, fmt.Errorf("store: can't open the log in %s: %w", s.options.Dir, err)
	}
	if err := s.dir.setNote(note{}); err != nil {
		return nil, fmt.Errorf("store: can't write in the directory %s: %w", s.options.Dir, err)
	}
	return d, nil
}

// setAside moves the log away for good and says so.
func (s *Store) setAside(why string) error {
	to, err := s.dir.setAside(time.Now())
	if err != nil {
		return err
	}
	s.report(fmt.Sprintf("%s; it was set aside as %s and is not read any more", why, to))
	return nil
}

// report notes damage that Open came upon.
func (s *Store) report(damage string) {
	s.log.Error("store: damage", "what", damage)
	if s.opened.Damage != "" {
		damage = s.opened.Damage + "; " + damage
	}
	s.opened.Damage = damage
}

// tryEmbedded starts the server and reads the log.
func (s *Store) tryEmbedded(ctx context.Context, before note) (*loaded, error) {
	var err error
	e, l, err := startEmbedded(ctx, &s.options, s.log)
	if err != nil {
		return nil, err
	}
	s.engine = e
	s.link.Store(l)
	_, statErr := os.Stat(streamDir(s.options.Dir, l.stream))
	state, made, err := l.ensure(ctx, s.streamBound())
	if err != nil {
		return nil, err
	}
	if made && statErr == nil {
		return nil, errors.New("the server does not know the stream whose files are there")
	}
	d, err := load(ctx, l, state, nil)
	if err != nil {
		return nil, err
	}
	said := e.log.started()
	if before.Closed > state.LastSeq {
		d.missing += before.Closed - state.LastSeq
	}
	if damage := d.damage(); damage != "" {
		s.report(damage)
	}
	if len(said) > 0 {
		s.report("NATS said: " + strings.Join(said, "; "))
	}
	return d, nil
}

// startEmbedded starts the server and connects to it.
func startEmbedded(ctx context.Context, o *Options, log *slog.Logger) (*engine, *link, error) {
	e, err := startEngine(ctx, o, newServerLog(log))
	if err != nil {
		return nil, nil, err
	}
	nc, err := nats.Connect("", nats.InProcessServer(e), nats.NoReconnect(), nats.Name("gatepost store"))
	if err != nil {
		e.stop()
		return nil, nil, err
	}
	l, err := newLink(nc, "local")
	if err != nil {
		nc.Close()
		e.stop()
		return nil, nil, err
	}
	return e, l, nil
}

// openExternal connects to a server, waiting for it as long as ctx lets, and
// reads the log.
func (s *Store) openExternal(ctx context.Context) (*loaded, error) {
	if _, ok := ctx.Deadline(); !ok {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, 30*time.Second)
		defer cancel()
	}
	var nc *nats.Conn
	for {
		var err error
		nc, err = nats.Connect(s.options.URL, nats.Name("gatepost store "+s.options.Node),
			nats.MaxReconnects(-1), nats.ReconnectWait(250*time.Millisecond), nats.ReconnectBufSize(-1),
			nats.Timeout(2*time.Second), nats.PingInterval(10*time.Second), nats.MaxPingsOutstanding(2),
			nats.DisconnectErrHandler(func(_ *nats.Conn, err error) { s.log.Warn("store: NATS has gone", "error", err) }),
			nats.ReconnectHandler(func(*nats.Conn) { s.log.Info("store: NATS is back") }))
		if err == nil {
			break
		}
		select {
		case <-time.After(500 * time.Millisecond):
		case <-ctx.Done():
			return nil, fmt.Errorf("store: NATS can't be reached: %w", err)
		}
	}
	l, err := newLink(nc, tag(s.options.Node))
	if err != nil {
		nc.Close()
		return nil, err
	}
	s.link.Store(l)
	if most := nc.MaxPayload(); most < largest+4<<10 {
		return nil, fmt.Errorf("store: NATS takes messages up to %d bytes, 1 MiB is needed (max_payload)", most)
	}
	var state jetstream.StreamState
	if state, _, err = l.ensure(ctx, s.streamBound()); err != nil {
		return nil, fmt.Errorf("store: stream %s: %w", l.stream, err)
	}
	d, err := load(ctx, l, state, nil)
	if err != nil {
		return nil, fmt.Errorf("store: stream %s: %w", l.stream, err)
	}
	if damage := d.damage(); damage != "" {
		s.report(damage)
	}
	return d, nil
}

// abandon gives back what a failed Open holds.
func (s *Store) abandon() {
	if s.cancel != nil {
		s.cancel()
	}
	s.stopEmbedded()
	if l := s.link.Load(); l != nil {
		l.nc.Close()
	}
	if s.dir != nil {
		s.dir.close()
	}
}

func (s *Store) stopEmbedded() {
	if l := s.link.Load(); l != nil {
		l.nc.Close()
	}
	if s.engine != nil {
		s.engine.stop()
		s.engine = nil
	}
}
