package sqlite

import (
	"database/sql/driver"
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"
	"maps"
	"math"
	"os"
	"slices"

	"modernc.org/sqlite"
)

const (
	pageSize = 4096
	// format is the file's application id: "GP", and the version of the tables.
	format = 0x47500002
)

// The one table that counts, and whose store it is. The records lie in the order in which
// they came, and have no index of their keys, which are at random: each write would
// change a page of its own in it. See known.
const (
	tableRecords = "create table if not exists records (id integer primary key, key text not null, value blob not null, crc integer not null)"
	tableNode    = "create table if not exists node (name text not null)"
)

// database is an open file: one connection for each who works with it, and the
// descriptor by which its log is synced.
type database struct {
	file         string
	writer       *conn // the writer's
	checkpointer *conn // the one that tends the files'
	reader       *conn // guarded by Store.reading
	wal          *os.File

	begin, commit, rollback, put, delete *stmt // the writer's
	get, keys                            *stmt // the reader's
}

func init() {
	// What fsync does beyond it is writing down when a file was changed.
	_, _ = sqlite.Fdatasync(true)
}

// openDatabase opens the file, or makes it.
func openDatabase(file string, o *Options) (*database, error) {
	d := &database{file: file}
	err := d.open(o)
	if err != nil {
		return nil, errors.Join(err, d.close())
	}
	return d, nil
}

func (d *database) open(o *Options) (err error) {
	if err := private(d.file); err != nil {
		return err
	}
	synchronous := "normal"
	if o.Sync <= 0 {
		synchronous = "full"
	}
	for _, c := range []struct {
		conn  **conn
		cache int // KiB
	}{{&d.writer, 2048}, {&d.checkpointer, 64}, {&d.reader, 512}} {
		if *c.conn, err = connect(d.file, ""); err != nil {
			return err
		}
		if err = (*c.conn).exec("pragma busy_timeout = 5000", "pragma auto_vacuum = incremental", "pragma journal_mode = wal",
			"pragma synchronous = "+synchronous, "pragma wal_autocheckpoint = 0", "pragma temp_store = memory",
			"pragma cell_size_check = on", fmt.Sprintf("pragma cache_size = -%d", c.cache)); err != nil {
			return err
		}
	}
	if err := d.writer.exec(fmt.Sprintf("pragma max_page_count = %d", min((2*o.MaxBytes+64<<20)/pageSize, math.MaxUint32-1))); err != nil {
		return err
	}
	// Other than the database's own, its descriptors may come and go: no lock is on it.
	if d.wal, err = os.OpenFile(d.file+"-wal", os.O_RDWR, 0); err != nil {
		return err
	}
	return nil
}

// private makes the file for its owner alone, unless it is there; what SQLite makes beside
// it is alike. Nobody else has it open.
func private(file string) error {
	f, err := os.OpenFile(file, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return f.Close()
}

func (d *database) prepare() (err error) {
	for _, p := range []struct {
		stmt **stmt
		conn *conn
		text string
	}{
		{&d.begin, d.writer, "begin immediate"},
		{&d.commit, d.writer, "commit"},
		{&d.rollback, d.writer, "rollback"},
		{&d.put, d.writer, "insert or replace into records (id, key, value, crc) values (?, ?, ?, ?)"},
		{&d.delete, d.writer, "delete from records where id = ?"},
		{&d.get, d.reader, "select key, value, crc from records where id = ?"},
		{&d.keys, d.reader, "select id, key from records where id > ? order by id"},
	} {
		if *p.stmt, err = p.conn.prepare(p.text); err != nil {
			return err
		}
	}
	return nil
}

// ensureTables makes what isn't there. All of it is one transaction, which also
// proves that the file takes writes.
func (d *database) ensureTables(views map[string]string) error {
	found, err := d.writer.number("pragma application_id")
	if err != nil {
		return err
	}
	if found != 0 && found != format {
		return fmt.Errorf("%s isn't a store of this version's (application id %#x)", d.file, found)
	}
	if err := d.writer.exec("begin immediate", fmt.Sprintf("pragma application_id = %d", format),
		tableRecords, tableNode); err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(views)) {
		text, there := "create view "+name+" as "+views[name], ""
		err := d.writer.query("select sql from sqlite_schema where type = 'view' and name = ?", func(row []driver.Value) error {
			there, _ = row[0].(string)
			return nil
		}, name)
		if err == nil && there != text {
			err = d.writer.exec("drop view if exists "+name, text)
		}
		if err != nil {
			return err
		}
	}
	return d.writer.exec("commit")
}

// takeOver writes down whose store this is, and says whose it was; "": nobody's.
func (d *database) takeOver(node string) (before string, err error) {
	err = d.writer.query("select name from node", func(row []driver.Value) error {
		before, _ = row[0].(string)
		return nil
	})
	if err != nil || node == "" || before == node {
		return before, err
	}
	s, err := d.writer.prepare("insert into node (name) values (?)")
	if err != nil {
		return before, err
	}
	return before, errors.Join(d.writer.exec("begin immediate", "delete from node"), s.exec(node), d.writer.exec("commit"), s.Close())
}

// sync puts what is written on the disk.
func (d *database) sync() error { return d.wal.Sync() }

// close gives all descriptors back. With the last one SQLite tidies its log up.
func (d *database) close() error {
	var err error
	for _, s := range []*stmt{d.begin, d.commit, d.rollback, d.put, d.delete, d.get, d.keys} {
		if s != nil {
			err = errors.Join(err, s.Close()) // else its connection would stay open
		}
	}
	for _, c := range []*conn{d.checkpointer, d.reader, d.writer} {
		if c != nil {
			err = errors.Join(err, c.Close())
		}
	}
	if d.wal != nil {
		err = errors.Join(err, d.wal.Close())
	}
	return err
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// checksum is what is beside a record, for SQLite checks no pages.
func checksum(key string, value []byte) int64 {
	return int64(crc32.Update(crc32.Checksum([]byte(key), castagnoli), castagnoli, value))
}

// row reads a record as it is selected: key, value, crc. ok is false where it is damaged.
func row(values []driver.Value) (key string, value []byte, ok bool) {
	key, ok = values[0].(string)
	value, isBlob := values[1].([]byte)
	crc, isNumber := values[2].(int64)
	if value == nil {
		value = []byte{}
	}
	return key, value, ok && isBlob && isNumber && crc == checksum(key, value)
}
