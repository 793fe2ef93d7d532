package store

import (
	"fmt"
	"os"
	"path/filepath"
)

// salvage writes what is live in a log that was set aside into the fresh one.
func (s *Store) salvage(aside string, v *survey) error {
	l := s.link.Load()
	c := newCommit()
	var failure error
	flush := func() {
		if len(c.writes) == 0 || failure != nil {
			return
		}
		s.mu.Lock()
		s.growing += headSize + overhead
		s.mu.Unlock()
		seq, err := s.send(c)
		s.settle(c, seq, err)
		c, failure = newCommit(), err
	}
	_, err := readBlocks(blockDir(aside, l.stream), l.stream, l.subject(), func(seq uint64, data []byte) {
		if _, _, err := readHead(data); err != nil {
			return
		}
		records(data, func(r record, off, size int) {
			at, ok := v.index.get(string(r.key))
			if !ok || at.seq != seq || at.off != uint32(off) || r.op != opPut {
				return
			}
			if len(c.message)+size > gathered {
				flush()
			}
			s.mu.Lock()
			s.record(c, opPut, string(r.key), r.value)
			s.mu.Unlock()
		})
	})
	flush()
	if err == nil {
		err = failure
	}
	if err != nil {
		return fmt.Errorf("saving what can be read from %s: %w", aside, err)
	}
	return nil
}

// resumeSalvage makes way for another try at a salvage that didn't end: the
// log that it had begun goes.
func (d *directory) resumeSalvage(n note) error {
	if _, err := os.Stat(filepath.Join(d.path, n.Salvage)); err != nil {
		return err
	}
	return os.RemoveAll(filepath.Join(d.path, jetstreamDir))
}
