package sqlite

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"gatepost/store"
)

// Store is a store.Store in a directory.
type Store struct {
	options Options
	log     *slog.Logger
	dir     *directory
	opened  Report
	seen    *seen

	// swap is held by who works with db, and locked to replace it.
	swap    sync.RWMutex
	db      *database  // guarded by swap
	reading sync.Mutex // guards db.reader and its statements; after swap

	// The writer's alone.
	lastGroup    time.Time
	lastTruncate time.Time
	lastLook     time.Time // for room
	refused      bool      // the last truncation was, for somebody read
	lastTook     time.Duration

	mu      sync.Mutex // guards what follows; after swap
	known   *known
	fresh   map[string]latest   // the last write of each key that isn't kept yet
	waiting []*group            // not on their way yet; the last one still takes writes
	owed    map[string]struct{} // keys whose delete failed: it is made up for
	pending int                 // bytes of memory that they and the one on its way take
	growing int64               // bytes of keys and values that they put
	down    error               // why nothing can be kept now
	noRoom  error               // why no put can: the disk is full
	full    bool                // a put was refused for MaxBytes, and it still would be
	broken  error               // why the writer has to open the database anew
	toDo    chores
	files   int64 // bytes that the database and its log take, as last seen
	closed  bool

	work     chan struct{} // cap 1: something to do for the writer
	written  chan struct{} // cap 1: something to tend
	unsynced chan struct{} // cap 1: something to sync
	ctx      context.Context
	cancel   context.CancelFunc
	writing  sync.WaitGroup
	tending  sync.WaitGroup
}

// chores are what the writer does between two groups.
type chores struct {
	truncate bool // the log has grown too large
	vacuum   bool // much of the database is free
}

// latest is the last write of a key: number i of a group.
type latest struct {
	group *group
	i     int
}

// Report is what Open found.
type Report struct {
	Records int           // that are live
	Bytes   int64         // of their keys and values
	Took    time.Duration // to open and read them
	Damage  string        // "" or in words: what was wrong, what was saved, where the rest was set aside
}

// Opened says what Open found.
func (s *Store) Opened() Report { return s.opened }

// Largest is nearly 8 MiB.
func (s *Store) Largest() int { return Largest }

// Put is store.Store's.
func (s *Store) Put(key string, value []byte) store.Commit {
	size := len(key) + len(value)
	switch {
	case key == "":
		return store.Failed(store.ErrNoKey)
	case size > largest:
		return store.Failed(fmt.Errorf("%w: %d bytes, at most %d", store.ErrTooLarge, size, largest))
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.refusal(size); err != nil {
		return store.Failed(err)
	}
	if s.noRoom != nil {
		return store.Failed(s.noRoom)
	}
	if s.used()+int64(size) > s.options.MaxBytes {
		s.full = true
		return store.Failed(fmt.Errorf("%w: it has reached its %d bytes", store.ErrFull, s.options.MaxBytes))
	}
	delete(s.owed, key)
	return s.write(key, value, true)
}

// Delete is store.Store's.
func (s *Store) Delete(key string) store.Commit {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.refusal(len(key)); err != nil {
		s.owed[key] = struct{}{}
		return store.Failed(err)
	}
	if _, waits := s.fresh[key]; !waits {
		if _, there := s.known.id(key); !there {
			return store.Kept // there is nothing to forget
		}
	}
	return s.write(key, nil, false)
}

// refusal says why no write can be taken now; mu is held.
func (s *Store) refusal(size int) error {
	switch {
	case s.closed:
		return store.ErrClosed
	case s.down != nil:
		return s.down
	case s.pending+size > maxPending:
		return fmt.Errorf("%w: %d bytes wait to be written", store.ErrFull, s.pending)
	}
	return nil
}

// used is how many of MaxBytes are; mu is held.
func (s *Store) used() int64 {
	_, bytes := s.known.total.Of("")
	return bytes + s.growing
}

// Size is store.Store's.
func (s *Store) Size(prefix string) (keys int, bytes int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.known.total.Of(prefix)
}

// Health is store.Store's.
func (s *Store) Health() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.down != nil:
		return s.down
	case s.noRoom != nil:
		return s.noRoom
	}
	if s.full && s.used() < s.options.MaxBytes-s.options.MaxBytes/16 {
		s.full = false
	}
	if s.full {
		return fmt.Errorf("%w: %d of %d bytes are kept", store.ErrFull, s.used(), s.options.MaxBytes)
	}
	return nil
}

// poke sends on a channel of capacity 1.
func poke(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
