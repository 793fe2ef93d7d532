package sqlite

import (
	"database/sql/driver"
	"fmt"
	"os"
	"time"
)

const (
	// often is how soon after writes the files are looked after, rest how long
	// after the last of them the log is emptied.
	often, rest = 100 * time.Millisecond, time.Second
	// enough is how many pages of the log are worth a checkpoint.
	enough = 1024
	// tooLong is when the writer itself empties the log, in bytes: it grows as long as
	// nobody stops writing.
	tooLong = 64 << 20
	// idlePages is how many pages must be free to be given back.
	idlePages = 2048
)

// tend looks after the files while there are writes, and once after the last.
func (s *Store) tend() {
	var resting <-chan time.Time
	for {
		select {
		case <-s.written:
			select {
			case <-time.After(often):
			case <-s.ctx.Done():
				return
			}
			s.look(false)
			resting = time.After(rest)
		case <-resting:
			s.look(true)
			resting = nil
		case <-s.ctx.Done():
			return
		}
	}
}

// look moves what is in the log into the database if there is enough of it, or any
// and all is to be moved; and has the writer do what only it can.
func (s *Store) look(all bool) {
	s.swap.RLock()
	defer s.swap.RUnlock()
	if s.isDown() {
		return
	}
	c := s.db.checkpointer
	s.dir.awaitDisk()
	log, moved, err := checkpoint(c, "noop")
	if err == nil && (all && log > moved || log-moved >= enough) {
		s.seen.checkpoints.Inc()
		_, _, err = checkpoint(c, "passive")
	}
	var free, pages int64
	if err == nil {
		pages, err = c.number("pragma page_count")
	}
	if err == nil && all {
		free, err = c.number("pragma freelist_count")
	}
	if err != nil {
		s.breaks(fmt.Errorf("checkpoint: %w", err))
		return
	}
	var length int64
	if info, err := os.Stat(s.db.file + "-wal"); err == nil {
		length = info.Size()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.files = pages*pageSize + length
	s.toDo.truncate = length > tooLong
	s.toDo.vacuum = free > idlePages && free > pages/2
	if s.toDo != (chores{}) {
		poke(s.work)
	}
}

// checkpoint runs one of a kind, and says how many pages the log has, and how many of
// them the database.
func checkpoint(c *conn, kind string) (log, moved int64, err error) {
	err = c.query("pragma wal_checkpoint("+kind+")", func(row []driver.Value) error {
		log, _ = row[1].(int64)
		moved, _ = row[2].(int64)
		return nil
	})
	return log, moved, err
}

// truncate empties the log, between two groups. Where another process reads, it
// stays for now.
func (s *Store) truncate() {
	if s.refused && time.Since(s.lastTruncate) < rest {
		return
	}
	s.lastTruncate = time.Now()
	s.mu.Lock()
	s.toDo.truncate = false
	s.mu.Unlock()
	w := s.db.writer
	err := w.exec("pragma busy_timeout = 100")
	if err == nil {
		s.seen.checkpoints.Inc()
		log, _, failed := checkpoint(w, "truncate")
		s.refused, err = log > 0, failed
	}
	if err == nil {
		err = w.exec("pragma busy_timeout = 5000")
	}
	if err != nil {
		s.breaks(fmt.Errorf("checkpoint: %w", err))
	}
}

// vacuum gives some free pages of the database back.
func (s *Store) vacuum() {
	err := s.db.writer.query("pragma incremental_vacuum(512)", func([]driver.Value) error { return nil })
	free := int64(0)
	if err == nil {
		free, err = s.db.writer.number("pragma freelist_count")
	}
	s.mu.Lock()
	s.toDo.vacuum = free > idlePages
	s.mu.Unlock()
	if err != nil {
		s.breaks(fmt.Errorf("giving pages back: %w", err))
	}
	s.wrote()
}

// syncNowAndThen syncs the log at most one interval after it was written.
func (s *Store) syncNowAndThen() {
	for {
		select {
		case <-s.unsynced:
		case <-s.ctx.Done():
			return
		}
		select {
		case <-time.After(s.options.Sync):
		case <-s.ctx.Done():
			return
		}
		select {
		case <-s.unsynced:
		default:
		}
		s.swap.RLock()
		err := s.syncLog()
		s.swap.RUnlock()
		if err != nil {
			s.breaks(err)
		}
	}
}

// syncLog needs swap, or the writer's turn.
func (s *Store) syncLog() error {
	if s.options.onSync != nil {
		if err := s.options.onSync(); err != nil {
			return fmt.Errorf("%w: %w", errSync, err)
		}
	}
	if err := s.db.sync(); err != nil {
		return fmt.Errorf("%w: %w", errSync, err)
	}
	return nil
}

// breaks tells the writer of an error that somebody else came upon. A disk that is
// full is no reason to open the database anew.
func (s *Store) breaks(err error) {
	if isFull(err) {
		s.becomeFull(err)
		poke(s.work)
		return
	}
	s.mu.Lock()
	if s.broken == nil && s.down == nil {
		s.broken = err
	}
	s.mu.Unlock()
	poke(s.work)
}

func (s *Store) isDown() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.down != nil
}
