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
	return s.fetch(key)
}

// fetch reads the record with this key. It needs swap and reading.
func (s *Store) fetch(key string) ([]byte, error) {
	s.mu.Lock()
	id, there := s.known.id(key)
	s.mu.Unlock()
	if !there {
		return nil, store.ErrNotFound
	}
	s.dir.awaitDisk()
	value, result := []byte(nil), store.ErrNotFound
	err := s.db.get.query(func(values []driver.Value) error {
		found, v, ok := row(values)
		switch {
		case !ok:
			result = store.ErrDamaged
		case found == key: // else it was deleted meanwhile, and the row is another's
			value, result = v, nil
		}
		return nil
	}, id)
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
	keys, err := s.keysUnder(prefix)
	for len(keys) > 0 && err == nil {
		var page []record
		if page, keys, err = s.read(keys); err != nil {
			break
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
	if err != nil {
		return err
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

// keysUnder gives the keys with a prefix, in their order.
func (s *Store) keysUnder(prefix string) (keys []string, err error) {
	for from, more := int64(0), true; more && err == nil; {
		if from, more, err = s.readKeys(from, func(key string) {
			if strings.HasPrefix(key, prefix) {
				keys = append(keys, key)
			}
		}); err != nil {
			return nil, err
		}
	}
	slices.Sort(keys)
	return keys, nil
}

// readKeys gives the keys of the rows behind one, for as long as a glance; more: where
// there are others, behind last.
func (s *Store) readKeys(from int64, fn func(key string)) (last int64, more bool, err error) {
	s.swap.RLock()
	defer s.swap.RUnlock()
	if s.db == nil {
		return 0, false, errReopening
	}
	s.reading.Lock()
	defer s.reading.Unlock()
	start := time.Now()
	last = from
	s.dir.awaitDisk()
	err = s.db.keys.query(func(values []driver.Value) error {
		if time.Since(start) >= glance {
			more = true
			return errEnough
		}
		last, _ = values[0].(int64)
		key, _ := values[1].(string)
		fn(key)
		return nil
	}, from)
	if err != nil && !errors.Is(err, errEnough) {
		return 0, false, s.unreadable(err)
	}
	return last, more, nil
}

// read gives the records with these keys, as many as make a window, and the keys of the
// others.
func (s *Store) read(keys []string) (page []record, rest []string, err error) {
	s.swap.RLock()
	defer s.swap.RUnlock()
	if s.db == nil {
		return nil, nil, errReopening
	}
	s.reading.Lock()
	defer s.reading.Unlock()
	start, bytes := time.Now(), 0
	for i, key := range keys {
		if i > 0 && (bytes >= window || time.Since(start) >= glance) {
			return page, keys[i:], nil
		}
		value, err := s.fetch(key)
		switch {
		case errors.Is(err, store.ErrNotFound): // any more
			continue
		case errors.Is(err, store.ErrDamaged):
			s.log.Error("store: a record is left out", "key", key, "error", err)
			continue
		case err != nil:
			return nil, nil, err
		}
		page = append(page, record{key, value})
		bytes += len(key) + len(value)
	}
	return page, nil, nil
}

var (
	errEnough    = errors.New("enough was read")
	errReopening = fmt.Errorf("%w: the database is being opened anew", store.ErrUnavailable)
)
