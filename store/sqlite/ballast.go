package sqlite

import (
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"time"
)

// ballastSize is how much of the disk is held back for deletes and a checkpoint.
const ballastSize = 4 << 20

// ensureBallast writes the ballast, unless it is there: of bytes that no file system
// can store in less.
func (d *directory) ensureBallast() error {
	name := d.file(ballastFile)
	if info, err := os.Stat(name); err == nil && info.Size() == ballastSize {
		return nil
	}
	f, err := os.OpenFile(name, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	b := make([]byte, 64<<10)
	for n := 0; n < ballastSize && err == nil; n += len(b) {
		_, _ = rand.Read(b) // never fails
		_, err = f.Write(b)
	}
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return errors.Join(err, d.dropBallast())
	}
	return nil
}

// hasRoom is the error of a directory without a database, and without room for one.
func (d *directory) hasRoom() error {
	if !missing(d.file(databaseFile)) {
		return nil
	}
	if err := d.ensureBallast(); err != nil {
		return fmt.Errorf("store: can't write in the directory %s: %w", d.path, err)
	}
	return nil
}

func (d *directory) dropBallast() error { return remove(d.file(ballastFile)) }

// becomeFull has puts refused until there is room again, and gives deletes what the
// ballast took.
func (s *Store) becomeFull(err error) {
	s.mu.Lock()
	was := s.noRoom
	s.noRoom = cause(err)
	s.mu.Unlock()
	if was != nil {
		return
	}
	s.log.Error("store: the disk is full: nothing more is kept until there is room", "error", err, "directory", s.options.Dir)
	if err := s.dir.dropBallast(); err != nil {
		s.log.Error("store: the ballast can't be removed", "error", err)
	}
}

// lookForRoom takes puts again once the ballast fits, and as much again: else the next
// puts would find the disk full.
func (s *Store) lookForRoom() {
	if time.Since(s.lastLook) < roomAgain {
		return
	}
	s.lastLook = time.Now()
	s.truncate() // which may make room
	if free, known := roomIn(s.options.Dir); known && free < 2*ballastSize {
		return
	}
	if s.dir.ensureBallast() != nil {
		return
	}
	s.mu.Lock()
	s.noRoom = nil
	s.makeUp()
	s.mu.Unlock()
	s.log.Info("store: there is room on the disk again")
}
