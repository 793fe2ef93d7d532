package sqlite

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"gatepost/store"
)

// Open opens the store in a directory, or makes it, and reads it once. A damaged one
// doesn't stop it: what can be read is saved, the rest is set aside, and Opened says so.
// An error says that there is no writing here, and why; store.ErrLocked that another
// process has the directory.
func Open(o Options) (*Store, error) {
	if err := o.complete(); err != nil {
		return nil, err
	}
	start := time.Now()
	s := &Store{options: o, log: o.Logger, fresh: make(map[string]latest), owed: make(map[string]struct{}),
		work: make(chan struct{}, 1), written: make(chan struct{}, 1), unsynced: make(chan struct{}, 1)}
	s.ctx, s.cancel = context.WithCancel(context.Background())
	var err error
	if s.seen, err = newSeen(s, o.Registerer); err != nil {
		return nil, err
	}
	if s.dir, err = openDirectory(o.Dir); err == nil {
		err = s.open()
	}
	if err != nil {
		s.seen.unregister()
		if s.dir != nil {
			s.dir.close()
		}
		return nil, err
	}
	s.opened.Records, s.opened.Bytes = s.known.total.Of("")
	s.opened.Took = time.Since(start)
	s.writing.Go(s.run)
	s.tending.Go(s.tend)
	if o.Sync > 0 {
		s.tending.Go(s.syncNowAndThen)
	}
	return s, nil
}

// open opens the database, and sees to the ballast. On a disk that is full a store that
// is there opens all the same: what it has can be done with.
func (s *Store) open() error {
	if err := s.dir.hasRoom(); err != nil {
		return err
	}
	err := s.openDatabase("")
	if isFull(err) {
		if err = s.dir.dropBallast(); err == nil {
			err = s.openDatabase("")
		}
	}
	if err != nil {
		return fmt.Errorf("store: can't open the database in %s: %w", s.options.Dir, err)
	}
	before, err := s.db.takeOver(s.options.Node)
	if err == nil && before != "" && s.options.Node != "" && before != s.options.Node {
		s.log.Warn("store: the directory was another node's, or this node's under another name: it is taken over, and what waits in it goes on here",
			"directory", s.options.Dir, "before", before, "now", s.options.Node)
	}
	if err == nil {
		err = s.dir.ensureBallast()
	}
	if isFull(err) {
		s.becomeFull(err)
		err = nil
	}
	if err != nil {
		return errors.Join(fmt.Errorf("store: can't write in the directory %s: %w", s.options.Dir, err), s.db.close())
	}
	return nil
}

// openDatabase opens what is there, or makes it, and surveys it. What is damaged, or
// is said to be, is salvaged. It needs swap, but at the start.
func (s *Store) openDatabase(damage string) error {
	if err := s.dir.finishReplacing(); err != nil {
		return err
	}
	if n := cutOff(Database(s.dir.path) + "-wal"); n > 0 {
		s.log.Warn("store: the log ended in an unfinished write, which was dropped; if the system died too, the writes before it that weren't synced may be missing",
			"pages", n, "sync", s.options.Sync)
	}
	// The log's second name keeps what it holds from going with the last connection.
	log, second := Database(s.dir.path)+"-wal", s.dir.file("wal.before")
	if err := remove(second); err != nil {
		return err
	}
	_ = os.Link(log, second) // there is none, or the file system knows no links
	v, err := s.tryDatabase()
	if damage == "" && err == nil {
		damage = v.damage
	}
	if err != nil && !isDamage(err) {
		return errors.Join(err, remove(second))
	}
	if err != nil {
		damage = err.Error()
	}
	if damage != "" {
		if v, err = s.salvage(damage, second); err != nil {
			return err
		}
	}
	s.mu.Lock()
	s.known = v.known
	s.mu.Unlock()
	return errors.Join(remove(second), s.dir.sync())
}

// tryDatabase makes s.db the database that is there.
func (s *Store) tryDatabase() (*survey, error) {
	d, err := openDatabase(Database(s.dir.path), &s.options)
	if err != nil {
		return nil, err
	}
	v, err := d.survey()
	if err == nil && v.damage == "" {
		if err = d.ensureTables(s.options.Views); err == nil {
			err = d.prepare()
		}
		if err == nil && s.options.Sync > 0 {
			err = d.sync()
		}
	}
	if err != nil {
		return nil, errors.Join(err, d.close())
	}
	s.db = d
	return v, nil
}

// Close is store.Store's. It puts what is kept on the disk and gives the directory back.
func (s *Store) Close(ctx context.Context) error {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return store.ErrClosed
	}
	s.closed = true
	s.mu.Unlock()
	poke(s.work)
	finished := make(chan struct{})
	go func() { s.writing.Wait(); close(finished) }()
	var err error
	select {
	case <-finished:
	case <-ctx.Done():
		err = ctx.Err()
		s.cancel()
		<-finished
	}
	s.cancel()
	s.tending.Wait()
	s.failWaiting(store.ErrClosed)
	s.seen.unregister()
	s.swap.Lock() // somebody may be reading
	defer s.swap.Unlock()
	if s.db != nil {
		if !s.isDown() {
			_, _, moved := checkpoint(s.db.writer, "truncate")
			err = errors.Join(err, moved)
		}
		err = errors.Join(err, s.db.close())
		s.db = nil
	}
	s.dir.close()
	return err
}

// failWaiting fails all that waits.
func (s *Store) failWaiting(why error) {
	s.mu.Lock()
	waiting := s.waiting
	s.waiting = nil
	s.mu.Unlock()
	for _, g := range waiting {
		s.fail(g, why)
	}
}

// fail fails all of a group.
func (s *Store) fail(g *group, why error) {
	errs := make([]error, len(g.writes))
	for i := range errs {
		errs[i] = why
	}
	s.settle(g, errs)
}
