package jetstream

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"gatepost/store"
)

// Get returns a copy of what is kept under key, with this store's own writes,
// also those that aren't acknowledged yet. store.ErrNotFound, or store.ErrUnavailable if
// the log can't be read.
func (s *Store) Get(ctx context.Context, key string) ([]byte, error) {
	for range 5 {
		p, value, err := s.find(key)
		if err != nil || value != nil {
			return value, err
		}
		value, err = s.value(ctx, key, p)
		if !errors.Is(err, errNoMessage) {
			return value, err
		}
		// Compaction may have moved it meanwhile: look again.
		s.mu.Lock()
		now, ok := s.index.get(key)
		s.mu.Unlock()
		if ok && now == p {
			return nil, store.ErrDamaged
		}
	}
	return nil, fmt.Errorf("%w: the record is always elsewhere", store.ErrUnavailable)
}

// find looks a key up: its value, if it isn't acknowledged yet, or its place.
func (s *Store) find(key string) (p place, value []byte, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if f, ok := s.fresh[key]; ok {
		w := f.commit.writes[f.i]
		if w.op == opDelete {
			return p, nil, store.ErrNotFound
		}
		r, _, err := readRecord(f.commit.message[w.off : w.off+w.size])
		return p, append([]byte{}, r.value...), err
	}
	p, ok := s.index.get(key)
	if !ok {
		return p, nil, store.ErrNotFound
	}
	return p, nil, nil
}

// value reads the record at p.
func (s *Store) value(ctx context.Context, key string, p place) ([]byte, error) {
	near := s.near
	data := near.get(p.seq)
	if data == nil {
		var err error
		if data, err = s.link.message(ctx, p.seq); err != nil {
			if errors.Is(err, errNoMessage) || ctx.Err() != nil {
				return nil, err
			}
			return nil, fmt.Errorf("%w: %w", store.ErrUnavailable, err)
		}
		near.put(p.seq, data)
	}
	if uint64(p.off)+uint64(p.size) > uint64(len(data)) {
		return nil, errNoMessage
	}
	r, _, err := readRecord(data[p.off : p.off+p.size])
	if err != nil || string(r.key) != key || r.op != opPut {
		near.drop()
		return nil, errNoMessage
	}
	return append([]byte{}, r.value...), nil
}

// window is how many bytes Scan holds at once.
const window = 16 << 20

// Scan calls fn for each key that begins with prefix and its value, in the
// order of keys, until fn fails. It shows each key as it was at some moment
// while it ran; what is written meanwhile may be in it or not. A record that
// is damaged is left out and logged. It is meant for the start: it looks at each key with the same
// first segment, and reads the log once for each 16 MiB of values.
func (s *Store) Scan(prefix string, fn func(key string, value []byte) error) error {
	s.mu.Lock()
	keys := s.index.keys(prefix)
	for key := range s.fresh {
		if strings.HasPrefix(key, prefix) {
			keys = append(keys, key)
		}
	}
	s.mu.Unlock()
	slices.Sort(keys)
	keys = slices.Compact(keys)
	for len(keys) > 0 {
		n, values, err := s.values(keys)
		if err != nil {
			return err
		}
		for i, key := range keys[:n] {
			if values[i] == nil {
				continue
			}
			if err := fn(key, values[i]); err != nil {
				return err
			}
		}
		keys = keys[n:]
	}
	return nil
}

// values reads what fits into one window, in the order of the log.
func (s *Store) values(keys []string) (n int, values [][]byte, err error) {
	type wanted struct {
		place
		i int
	}
	var (
		places []wanted
		bytes  int
	)
	for n < len(keys) && bytes < window {
		p, value, err := s.find(keys[n])
		values = append(values, value)
		if err == nil && value == nil {
			places = append(places, wanted{p, n})
		}
		bytes += int(p.size) + len(value)
		n++
	}
	slices.SortFunc(places, func(a, b wanted) int {
		return cmp.Or(cmp.Compare(a.seq, b.seq), cmp.Compare(a.off, b.off))
	})
	for _, p := range places {
		value, err := s.value(s.ctx, keys[p.i], p.place)
		if errors.Is(err, errNoMessage) {
			value, err = s.Get(s.ctx, keys[p.i]) // it has moved, or gone
		}
		switch {
		case err == nil:
			values[p.i] = value
		case errors.Is(err, store.ErrNotFound):
		case errors.Is(err, store.ErrDamaged):
			s.log.Error("store: a record is left out", "key", keys[p.i], "error", err)
		default:
			return 0, nil, err
		}
	}
	return n, values, nil
}
