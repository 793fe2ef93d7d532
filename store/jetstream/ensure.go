package jetstream

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// ensured is the stream as ensure found or made it.
type ensured struct {
	state    jetstream.StreamState
	made     bool  // it is new
	reserved bool  // the server has set its bound aside
	bound    int64 // how many bytes it takes, where that isn't what was asked for; -1: any number
}

// bytesWithin is what a store may use of a stream that keeps a smaller bound than asked
// for, so that deletes and compaction have room there too.
func bytesWithin(bound int64) int64 { return max((bound-slack)/5*4, bound/2) }

// ensureStream makes the stream, or fits it.
func (s *Store) ensureStream(ctx context.Context) (ensured, error) {
	return s.link.ensure(ctx, s.streamBound())
}

// ensure makes the stream, or fits the bound of the one that is there; what
// else an operator has set, as its replicas, stays.
//
// A server sets a stream's bound aside, used or not, so that a small one could keep
// but few nodes. One that has no room for that gets no reservation: a new stream is
// without a bound, one that is there keeps its own. The store bounds itself (Options.MaxBytes,
// and bytesWithin such a stream), so all that is lost is the certainty that the room is there when it is needed.
func (l *link) ensure(ctx context.Context, maxBytes int64) (ensured, error) {
	ctx, cancel := context.WithTimeout(ctx, apiTimeout)
	defer cancel()
	s, err := l.js.Stream(ctx, l.stream)
	if errors.Is(err, jetstream.ErrStreamNotFound) {
		return l.make(ctx, maxBytes)
	}
	if err != nil {
		return ensured{}, err
	}
	return l.fit(ctx, maxBytes, s.CachedInfo())
}

func (l *link) make(ctx context.Context, maxBytes int64) (ensured, error) {
	config := jetstream.StreamConfig{
		Name:     l.stream,
		Subjects: []string{l.subject()},
		// Nothing may go by itself: a full stream refuses what is new.
		Retention: jetstream.LimitsPolicy, Discard: jetstream.DiscardNew,
		Storage: jetstream.FileStorage, MaxBytes: maxBytes, Replicas: 1,
		AllowDirect: true, Duplicates: 100 * time.Millisecond,
	}
	s, err := l.js.CreateStream(ctx, config)
	if err == nil {
		return ensured{state: s.CachedInfo().State, made: true, reserved: true}, nil
	}
	if !lacksRoom(err) {
		return ensured{}, err
	}
	config.MaxBytes = -1
	if s, err = l.js.CreateStream(ctx, config); err != nil {
		return ensured{}, fmt.Errorf("%s, and without that: %w", noReservation(maxBytes), err)
	}
	return ensured{state: s.CachedInfo().State, made: true, bound: -1}, nil
}

func (l *link) fit(ctx context.Context, maxBytes int64, found *jetstream.StreamInfo) (ensured, error) {
	config, before := found.Config, found.Config.MaxBytes
	// What is there already always fits, whatever the new bound.
	want := max(maxBytes, int64(found.State.Bytes)+slack)
	if before == want && config.AllowDirect && config.Discard == jetstream.DiscardNew {
		return ensured{state: found.State, reserved: true}, nil
	}
	config.MaxBytes, config.AllowDirect, config.Discard = want, true, jetstream.DiscardNew
	_, err := l.js.UpdateStream(ctx, config)
	if !lacksRoom(err) {
		return ensured{state: found.State, reserved: err == nil}, err
	}
	config.MaxBytes = before
	_, err = l.js.UpdateStream(ctx, config)
	return ensured{state: found.State, bound: before}, err
}

// noReservation says what a server couldn't do, and who can.
func noReservation(maxBytes int64) string {
	return fmt.Sprintf("NATS can't set aside %d bytes for this node (its max_file_store, or the account's limit)", maxBytes)
}
