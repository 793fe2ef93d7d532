package jetstream

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"gatepost/store"
)

// Store keeps values under keys. All methods may be called at the same time.
type Store struct {
	options Options
	log     *slog.Logger
	opened  Report
	seen    *seen
	most    int // bytes of a message, with headers

	link *link
	near *cache

	// The committer's alone, but for Open and Close.
	last     uint64 // sequence number of the stream's last message
	good     uint64 // of the last one that counts
	token    uint64 // of the next message; the upper half is this store's
	lastSent time.Time

	mu      sync.Mutex // guards what follows
	index   *index
	fresh   map[string]freshWrite // the last write of each key that isn't acknowledged yet
	waiting []*batch              // not on their way yet; the last one still takes writes
	owed    map[string]struct{}   // keys whose delete failed: it is made up for
	pending int                   // bytes of memory that they and the one on its way take
	growing int64                 // bytes that they'll add to the log
	down    error                 // why nothing can be kept now
	full    bool                  // a put was refused for MaxBytes, and it still would be
	closed  bool

	gone    chan string   // cap 1: the connection broke
	back    chan struct{} // cap 1: it is there again
	work    chan struct{} // cap 1: something to do for the committer
	rewrite chan struct{} // cap 1: something to do for the compactor
	ctx     context.Context
	cancel  context.CancelFunc
	workers sync.WaitGroup
	compact context.CancelFunc
}

// freshWrite is write i of commit.
type freshWrite struct {
	commit *batch
	i      int
}

// Report is what Open found.
type Report struct {
	Records int           // that are live
	Bytes   int64         // of the log
	Took    time.Duration // to open and read it
	Damage  string        // "" or in words: what was wrong, what may be lost
}

// slack is how far deletes and compaction may go above MaxBytes, beside a quarter of it.
const slack = 32 << 20

// Opened says what Open found.
func (s *Store) Opened() Report { return s.opened }

// maxRecord is the size of the largest record.
func (s *Store) maxRecord() int { return s.most - headers - headSize }

// keyRoom is more than any key takes of a record.
const keyRoom = 1 << 10

// Largest is how large a value can be under a key of up to a KiB, in bytes: nearly
// 8 MiB, or what the server's max_payload leaves.
func (s *Store) Largest() int { return s.maxRecord() - recordSize("", keyRoom) }

// Put keeps value under key, in place of what was there. It copies value and
// never waits for the disk. It can fail at once: store.ErrTooLarge, store.ErrFull,
// store.ErrUnavailable, store.ErrClosed.
func (s *Store) Put(key string, value []byte) store.Commit {
	if key == "" {
		return store.Failed(store.ErrNoKey)
	}
	size := recordSize(key, len(value))
	if most := s.maxRecord(); size > most {
		return store.Failed(fmt.Errorf("%w: %d bytes, at most %d", store.ErrTooLarge, size, most))
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.refusal(size); err != nil {
		return store.Failed(err)
	}
	if s.index.used+s.growing+int64(size) > s.options.MaxBytes {
		s.full = true
		s.wakeCompactor()
		return store.Failed(fmt.Errorf("%w: the log has reached its %d bytes", store.ErrFull, s.options.MaxBytes))
	}
	delete(s.owed, key)
	return s.write(opPut, key, value, size)
}

// Delete forgets key. Deleting what isn't there is done at once; a Delete also
// works when the store has reached MaxBytes. One that fails is made up for once
// the store keeps writes again, unless the key is put anew or the store closed.
func (s *Store) Delete(key string) store.Commit {
	size := recordSize(key, 0)
	s.mu.Lock()
	defer s.mu.Unlock()
	if f, ok := s.fresh[key]; ok {
		if f.commit.writes[f.i].op == opDelete {
			return f.commit
		}
	} else if _, ok := s.index.get(key); !ok {
		return store.Kept
	}
	if err := s.refusal(size); err != nil {
		s.owed[key] = struct{}{}
		return store.Failed(err)
	}
	return s.write(opDelete, key, nil, size)
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

// write appends a record to the message that is being filled; mu is held.
func (s *Store) write(op byte, key string, value []byte, size int) *batch {
	c := s.filling(size)
	s.fresh[key] = freshWrite{c, len(c.writes)}
	s.record(c, op, key, value)
	return c
}

// filling is the message that has room for size bytes more; mu is held.
func (s *Store) filling(size int) *batch {
	if n := len(s.waiting); n > 0 && len(s.waiting[n-1].message)+size <= gathered {
		return s.waiting[n-1]
	}
	c := newBatch()
	s.waiting = append(s.waiting, c)
	s.growing += headSize + overhead
	select {
	case s.work <- struct{}{}:
	default:
	}
	return c
}

// record appends a record to c; mu is held.
func (s *Store) record(c *batch, op byte, key string, value []byte) {
	off := len(c.message)
	c.message = appendRecord(c.message, op, key, value)
	size := len(c.message) - off
	c.writes = append(c.writes, write{key: key, op: op, off: uint32(off), size: uint32(size)})
	memory := size + len(key) + 96 // the write and its entry among the fresh ones
	c.memory += memory
	s.pending += memory
	s.growing += int64(size)
}

// Size counts the live keys that begin with prefix and their bytes, writes
// that aren't acknowledged yet not counted. It is cheap for a whole first
// segment, as "c/", and for ""; any other prefix looks at each key.
func (s *Store) Size(prefix string) (keys int, bytes int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.index.size(prefix)
}

// Usage is how many bytes the log takes, live and garbage, of how many.
func (s *Store) Usage() (used, limit int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.index.used + s.growing, s.options.MaxBytes
}

// Health is nil, or why nothing can be kept now: store.ErrFull or store.ErrUnavailable
// with the cause in words. The store works by itself on getting over it.
func (s *Store) Health() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.down != nil {
		return s.down
	}
	if s.full && s.index.used+s.growing < s.options.MaxBytes-s.options.MaxBytes/16 {
		s.full = false
	}
	if s.full {
		return fmt.Errorf("%w: the log takes %d of %d bytes", store.ErrFull, s.index.used+s.growing, s.options.MaxBytes)
	}
	return nil
}
