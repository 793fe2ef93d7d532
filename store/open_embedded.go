package store

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"time"

	"github.com/nats-io/nats.go"
)

// embeddedTag names the embedded stream: the directory tells whose it is, and
// a node that is renamed keeps what it had.
const embeddedTag = "local"

// openEmbedded opens the log in a directory. What is damaged is set aside, and
// what can be read of it is brought into a fresh log.
func (s *Store) openEmbedded(ctx context.Context) error {
	var err error
	if s.dir, err = openDirectory(s.options.Dir); err != nil {
		return err
	}
	before := s.dir.note()
	opening := before
	opening.Openings++
	if err := s.dir.setNote(opening); err != nil {
		return fmt.Errorf("store: can't write in the directory %s: %w", s.options.Dir, err)
	}
	if err := s.tryEmbedded(ctx, opening); err != nil {
		s.dir.restoreNote(s.dir.note().before())
		return fmt.Errorf("store: can't open the log in %s: %w", s.options.Dir, err)
	}
	if before.damaged {
		s.report("the note beside the log can't be read: whether the log's end is missing isn't known")
	}
	if err := s.prove(ctx); err != nil {
		return err
	}
	// The note mustn't speak of a message that a crash now would take.
	if err := syncBlocks(filepath.Join(s.options.Dir, jetstreamDir), s.link.Load().stream); err != nil {
		return err
	}
	return s.dir.setNote(note{First: s.first()})
}

// tryEmbedded opens the log, or a fresh one in its place.
func (s *Store) tryEmbedded(ctx context.Context, n note) error {
	switch {
	case n.Openings > hopeless:
		return s.replaceLog(ctx, fmt.Sprintf("the process died %d times while it opened the log", n.Openings-1), nil)
	case n.Salvage != "":
		if err := s.dir.resumeSalvage(n); err != nil {
			return err
		}
		v, err := s.survey(filepath.Join(s.options.Dir, n.Salvage), note{})
		if err != nil {
			return err
		}
		s.report("an earlier start didn't finish saving what can be read from " + n.Salvage)
		return s.fillFresh(ctx, n.Salvage, v)
	}
	v, err := s.survey(filepath.Join(s.options.Dir, jetstreamDir), n)
	if err != nil {
		return s.replaceLog(ctx, err.Error(), nil)
	}
	if v.damaged() {
		return s.replaceLog(ctx, v.words(), v)
	}
	err = s.openLog(ctx, v, n)
	if err == nil || ctx.Err() != nil || errors.Is(cause(err), ErrFull) {
		return err
	}
	s.stopEmbedded()
	return s.replaceLog(ctx, err.Error(), v)
}

// survey reads the blocks below a server's directory.
func (s *Store) survey(jetstream string, n note) (*survey, error) {
	v, err := surveyBlocks(blockDir(jetstream, streamRoot+embeddedTag), streamRoot+embeddedTag, subjectRoot+embeddedTag, n.First)
	if err == nil && n.Closed > v.last {
		v.missing += n.Closed - v.last
	}
	return v, err
}

// openLog starts the server on the log that is there, or on none.
func (s *Store) openLog(ctx context.Context, v *survey, n note) error {
	l, err := s.start(ctx)
	if err != nil {
		return err
	}
	stream, err := s.ensureStream(ctx)
	if err != nil {
		return err
	}
	if stream.made && (v.messages > 0 || n.First > 0) {
		return errors.New("the server doesn't find the stream")
	}
	state := stream.state
	v.index.drop(state.FirstSeq) // which it had removed, and not yet from the disk
	if v.last == state.LastSeq && v.index.has(state.FirstSeq, state.Msgs) {
		s.index, s.last, s.good = v.index, v.last, v.good
	} else {
		// The blocks don't look as this package knows them: take the server's word.
		d, err := load(ctx, l, state, 0)
		if err != nil {
			return err
		}
		if d.index.records < v.index.records || d.last < v.last {
			return fmt.Errorf("the server finds %d records up to message %d, the disk has %d up to %d",
				d.index.records, d.last, v.index.records, v.last)
		}
		if damage := d.damage(); damage != "" {
			return errors.New(damage)
		}
		s.index, s.last, s.good = d.index, d.last, d.good
	}
	if n := v.tail(); n > 0 {
		s.log.Warn("store: the log ended in an unfinished write, which was dropped; if the system died too, the writes before it that weren't synced may be missing",
			"bytes", n, "sync", s.options.Sync)
	}
	return nil
}

// replaceLog sets the log aside and begins a fresh one with what the survey, if
// there is one, says can be read of the old one.
func (s *Store) replaceLog(ctx context.Context, why string, v *survey) error {
	aside, err := s.dir.setAside(time.Now())
	if err != nil {
		return err
	}
	s.report(why)
	s.report("the log was set aside as " + filepath.Join(s.options.Dir, aside))
	return s.fillFresh(ctx, aside, v)
}

// fillFresh begins a log and brings into it what is live in one set aside.
func (s *Store) fillFresh(ctx context.Context, aside string, v *survey) error {
	if v != nil {
		n := s.dir.note()
		n.Salvage, n.First, n.Closed = aside, 0, 0
		if err := s.dir.setNote(n); err != nil {
			return err
		}
	}
	l, err := s.start(ctx)
	if err != nil {
		return err
	}
	if _, err := s.ensureStream(ctx); err != nil {
		return err
	}
	s.index = newIndex()
	if v == nil {
		return nil
	}
	if err := s.salvage(filepath.Join(s.options.Dir, aside), v); err != nil {
		return err
	}
	s.report(fmt.Sprintf("%d records were saved from it", s.index.records))
	return syncBlocks(filepath.Join(s.options.Dir, jetstreamDir), l.stream)
}

// start starts the server and connects to it.
func (s *Store) start(ctx context.Context) (*link, error) {
	e, l, err := startEmbedded(ctx, &s.options, s.log)
	if err != nil {
		return nil, err
	}
	s.engine = e
	s.link.Store(l)
	return l, nil
}

// startEmbedded starts a server and connects to it.
func startEmbedded(ctx context.Context, o *Options, log *slog.Logger) (*engine, *link, error) {
	e, err := startEngine(ctx, o, newServerLog(log))
	if err != nil {
		return nil, nil, err
	}
	nc, err := nats.Connect("", nats.InProcessServer(e), nats.NoReconnect(), nats.Name("gatepost store"),
		nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) { log.Warn("store: NATS", "error", err) }))
	if err != nil {
		e.stop()
		return nil, nil, err
	}
	l, err := newLink(nc, embeddedTag)
	if err != nil {
		nc.Close()
		e.stop()
		return nil, nil, err
	}
	return e, l, nil
}
