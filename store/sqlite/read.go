package sqlite

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"gatepost/store"
)

// Get is store.Store's.
func (s *Store) Get(ctx context.Context, key string) ([]byte, error) {
	if value, ok, err := s.unwritten(key); ok {
		return value, err
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	s.swap.RLock()
	defer s.swap.RUnlock()
	if s.db == nil {
		return nil, errReopening
	}
	s.reading.Lock()
	defer s.reading.Unlock()
	value, result := []byte(nil), store.ErrNotFound
	err := s.db.get.query(func(values []driver.Value) error {
		var ok bool
		if _, value, ok = row([]driver.Value{key, values[0], values[1]}); !ok {
			result = store.ErrDamaged
			return nil
		}
		result = nil
		return nil
	}, key)
	if err != nil {
		return nil, s.unreadable(err)
	}
	return value, result
}

// unwritten gives what a write that isn't kept yet makes of a key; ok is false where there is none.
func (s *Store) unwritten(key string) (value []byte, ok bool, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, true, store.ErrClosed
	}
	at, ok := s.fresh[key]
	if !ok {
		return nil, false, nil
	}
	w := &at.group.writes[at.i]
	if !w.isPut {
		return nil, true, store.ErrNotFound
	}
	return append([]byte{}, at.group.value(w)...), true, nil
}

// unreadable has damage mended that a reader has come upon.
func (s *Store) unreadable(err error) error {
	if isDamage(err) {
		s.breaks(err)
	}
	return cause(err)
}

const (
	// window is how many bytes Scan holds at once, glance how long it reads at once: a
	// reader keeps the log from being emptied.
	window = 8 << 20
	glance = 500 * time.Millisecond
)

// record is a key and its value; nil: it is deleted.
type record struct {
	key   string
	value []byte
}

// Scan is store.Store's.
func (s *Store) Scan(prefix string, fn func(key string, value []byte) error) error {
	fresh := s.unwrittenUnder(prefix)
	show := func(r record) error {
		if r.value == nil {
			return nil
		}
		return fn(r.key, r.value)
	}
	for from, more := prefix, true; more; {
		var (
			page []record
			err  error
		)
		if page, from, more, err = s.read(prefix, from); err != nil {
			return err
		}
		for _, r := range page {
			for len(fresh) > 0 && fresh[0].key < r.key {
				if err := show(fresh[0]); err != nil {
					return err
				}
				fresh = fresh[1:]
			}
			if len(fresh) > 0 && fresh[0].key == r.key {
				continue // it comes with the next, or at the end
			}
			if err := show(r); err != nil {
				return err
			}
		}
	}
	for _, r := range fresh {
		if err := show(r); err != nil {
			return err
		}
	}
	return nil
}

// unwrittenUnder gives the writes that aren't kept yet, in the order of keys.
func (s *Store) unwrittenUnder(prefix string) []record {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []record
	for _, key := range slices.Sorted(maps.Keys(s.fresh)) {
		if !strings.HasPrefix(key, prefix) {
			continue
		}
		r, at := record{key: key}, s.fresh[key]
		if w := &at.group.writes[at.i]; w.isPut {
			r.value = append([]byte{}, at.group.value(w)...)
		}
		all = append(all, r)
	}
	return all
}

// read gives the records with a prefix, from a key on, as many as make a window; more:
// where there are others.
func (s *Store) read(prefix, from string) (page []record, next string, more bool, err error) {
	s.swap.RLock()
	defer s.swap.RUnlock()
	if s.db == nil {
		return nil, "", false, errReopening
	}
	s.reading.Lock()
	defer s.reading.Unlock()
	start, bytes := time.Now(), 0
	err = s.db.page.query(func(values []driver.Value) error {
		key, value, ok := row(values)
		switch {
		case !ok:
			s.log.Error("store: a record is left out", "key", key, "error", store.ErrDamaged)
			return nil
		case !strings.HasPrefix(key, prefix):
			return errEnough
		case bytes >= window || time.Since(start) >= glance:
			next, more = key, true
			return errEnough
		}
		page = append(page, record{key, value})
		bytes += len(key) + len(value)
		return nil
	}, from)
	if err != nil && !errors.Is(err, errEnough) {
		return nil, "", false, s.unreadable(err)
	}
	return page, next, more, nil
}

var (
	errEnough    = errors.New("enough was read")
	errReopening = fmt.Errorf("%w: the database is being opened anew", store.ErrUnavailable)
)
