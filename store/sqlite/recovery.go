package sqlite

import (
	"fmt"
	"time"
)

const (
	firstRetry = 100 * time.Millisecond
	lastRetry  = 5 * time.Second
)

// goDown makes each write fail at once from now on, and fails the one under way and all
// that wait.
func (s *Store) goDown(err error, underWay *group) {
	why := cause(err)
	s.mu.Lock()
	s.down, s.broken = why, nil
	s.mu.Unlock()
	if underWay != nil {
		s.fail(underWay, why)
	}
	s.failWaiting(why)
	s.log.Error("store: nothing can be kept", "error", err)
}

// recover tries, ever more slowly, until the database takes writes again; false: the
// store is closed. Nothing waits meanwhile, for everything has failed.
func (s *Store) recover(err error) bool {
	since := time.Now()
	rewrite, damage := isSync(err), ""
	if isDamage(err) {
		damage = err.Error()
	}
	for wait := firstRetry; ; wait = min(2*wait, lastRetry) {
		if !s.pause(wait) {
			return false
		}
		err := s.reopen(&rewrite, damage)
		if err == nil {
			s.log.Info("store: keeps writes again", "after", time.Since(since).Round(time.Millisecond))
			return true
		}
		s.log.Warn("store: still nothing can be kept", "error", err)
		rewrite = rewrite || isSync(err)
		s.mu.Lock()
		s.down = cause(err)
		s.mu.Unlock()
	}
}

// pause waits; false: the store is closed.
func (s *Store) pause(d time.Duration) bool {
	end := time.After(d)
	for {
		s.mu.Lock()
		closed := s.closed
		s.mu.Unlock()
		if closed || s.ctx.Err() != nil {
			return false
		}
		select {
		case <-end:
			return true
		case <-s.work:
		case <-s.ctx.Done():
		}
	}
}

// reopen makes one try to get over a failure. Where syncing failed, all that is kept is
// written anew: what the system says is in the files needn't be on the disk. What it has
// in memory, which is what is read, is whole.
func (s *Store) reopen(rewrite *bool, damage string) error {
	s.swap.Lock()
	defer s.swap.Unlock()
	if s.options.onWrite != nil {
		if err := s.options.onWrite(); err != nil {
			return err
		}
	}
	if *rewrite && s.db != nil {
		if err := s.rewrite(); err != nil {
			return fmt.Errorf("writing all anew: %w", err)
		}
		*rewrite = false
	}
	if s.db != nil {
		_ = s.db.close()
		s.db = nil
	}
	if err := s.openDatabase(damage); err != nil {
		return err
	}
	if err := s.dir.ensureBallast(); isFull(err) {
		s.becomeFull(err)
	} else if err != nil {
		return err
	}
	s.mu.Lock()
	s.down, s.broken, s.toDo = nil, nil, chores{}
	s.makeUp()
	s.mu.Unlock()
	return nil
}

// rewrite writes all records into a new database, which then is the next one.
func (s *Store) rewrite() error {
	if err := s.dir.finishReplacing(); err != nil {
		return err
	}
	temp := s.dir.file(databaseFile + tempSuffix)
	if err := private(temp); err != nil {
		return err
	}
	into, err := s.db.reader.prepare("vacuum into ?")
	if err != nil {
		return err
	}
	err = into.exec(temp)
	_ = into.Close()
	if err != nil {
		return err
	}
	return s.dir.replace()
}
