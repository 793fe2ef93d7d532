package sqlite

import (
	"database/sql/driver"
	"errors"
	"fmt"
	"os"
	"time"
)

// salvage brings what can be read of a damaged database into a new one, and sets the
// old one aside; log is its log's second name.
func (s *Store) salvage(damage, log string) (*survey, error) {
	s.report(damage)
	if s.db != nil {
		_ = s.db.close()
		s.db = nil
	}
	file := Database(s.dir.path)
	temp := file + tempSuffix
	if err := remove(temp); err != nil {
		return nil, err
	}
	saved, err := copyReadable(file, temp)
	if err != nil {
		return nil, fmt.Errorf("saving what can be read of the damaged database: %w", err)
	}
	if err := s.dir.replace(); err != nil {
		return nil, err
	}
	aside := file + ".damaged-" + time.Now().UTC().Format("20060102T150405.000Z")
	if err := os.Rename(file, aside); err != nil {
		return nil, err
	}
	_ = os.Rename(log, aside+"-wal")
	if err := s.dir.finishReplacing(); err != nil {
		return nil, err
	}
	s.report("it was set aside as " + aside)
	s.report(fmt.Sprintf("%d records were saved from it", saved))
	v, err := s.tryDatabase()
	if err == nil && v.damage != "" {
		err = errors.Join(fmt.Errorf("what was saved is damaged: %s", v.damage), s.db.close())
	}
	return v, err
}

// report notes damage.
func (s *Store) report(damage string) {
	s.log.Error("store: damage", "what", damage)
	if s.opened.Damage != "" {
		damage = s.opened.Damage + "; " + damage
	}
	s.opened.Damage = damage
}

// copyReadable writes the records of one database that can be read into a new one,
// and says how many.
func copyReadable(from, to string) (saved int64, err error) {
	target, err := newCopy(to)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, target.Close()) }()
	put, err := target.prepare("insert or ignore into records (id, key, value, crc) values (?, ?, ?, ?)")
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, put.Close()) }()
	source, err := connect(from, "")
	if err == nil {
		// The latter takes a file that ends too early for one that is whole.
		err = source.exec("pragma cell_size_check = on", "pragma writable_schema = on")
	}
	if err != nil {
		return 0, nil // nothing of it can be read
	}
	defer func() { _ = source.Close() }()
	if err := readForwards(source, put); err != nil {
		return 0, err
	}
	if err := readBackwards(source, put); err != nil {
		return 0, err
	}
	_ = source.query("select name from node", func(row []driver.Value) error {
		if s, err := target.prepare("insert into node (name) values (?)"); err == nil {
			_ = errors.Join(s.exec(row[0]), s.Close())
		}
		return nil
	})
	if err := target.exec("commit"); err != nil {
		return 0, err
	}
	return target.number("select count(*) from records")
}

// newCopy makes a database that nobody else uses, and begins a transaction.
func newCopy(file string) (*conn, error) {
	if err := private(file); err != nil {
		return nil, err
	}
	c, err := connect(file, "")
	if err != nil {
		return nil, err
	}
	if err := c.exec("pragma auto_vacuum = incremental", "pragma journal_mode = off", "pragma synchronous = off",
		fmt.Sprintf("pragma application_id = %d", format), tableRecords, tableNode, "begin"); err != nil {
		return nil, errors.Join(err, c.Close())
	}
	return c, nil
}

const (
	firstRow = -1 << 62
	lastRow  = 1 << 62
)

// readForwards reads the rows in their order. Where one can't be read it goes on behind
// it, ever farther until there is one again.
func readForwards(from *conn, put *stmt) error {
	return readRows(from, put, "select key, value, crc, id from records where id > ? order by id",
		firstRow, 1)
}

// readBackwards reads them from the end, for what readForwards has gone past.
func readBackwards(from *conn, put *stmt) error {
	return readRows(from, put, "select key, value, crc, id from records where id < ? order by id desc",
		lastRow, -1)
}

// readRows puts each row that a statement gives, in this direction: 1 or -1. Its only
// errors are those of writing.
func readRows(from *conn, put *stmt, statement string, at, direction int64) error {
	for step := int64(1); ; step *= 2 {
		var failed error
		err := from.query(statement, func(values []driver.Value) error {
			id, _ := values[3].(int64)
			if (id > at) != (direction > 0) || id == at {
				return errDamage // a page that leads back, which would have no end
			}
			at, step = id, 1
			key, value, ok := row(values)
			if ok {
				failed = put.exec(id, key, value, values[2])
			}
			return failed
		}, at)
		if failed != nil || err == nil {
			return failed
		}
		if at*direction >= lastRow-step {
			return nil
		}
		at += step * direction
	}
}
