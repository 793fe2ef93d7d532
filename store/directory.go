package store

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// directory is the embedded store's place on the disk: the lock, a note about
// how the last use of it went, and the server's own directory.
type directory struct {
	path string
	lock *os.File
}

// note is kept beside the log.
type note struct {
	// Openings counts how often the log was being opened, and never was open.
	Openings int `json:"openings"`
	// Closed is the last sequence number when the store was closed in order, else 0.
	Closed uint64 `json:"closed,omitempty"`
	// First is the sequence number below which all was removed by right.
	First uint64 `json:"first,omitempty"`
	// Salvage is the directory, beside the log, from which records are being
	// brought into it.
	Salvage string `json:"salvage,omitempty"`
}

// before is the note as it was before this opening.
func (n note) before() note {
	n.Openings--
	return n
}

// hopeless is how many openings in a row may die with the process before the
// log is set aside: a damaged one must not stop the node for ever.
const hopeless = 3

// openDirectory makes sure that the directory is there, ours alone and takes writes.
func openDirectory(path string) (*directory, error) {
	if err := os.MkdirAll(path, 0o700); err != nil {
		return nil, fmt.Errorf("store: can't make the directory %s: %w", path, err)
	}
	f, err := os.OpenFile(filepath.Join(path, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("store: can't write in the directory %s: %w", path, err)
	}
	if err := lockFile(f); err != nil {
		return nil, errors.Join(fmt.Errorf("%w: %s", ErrLocked, path), f.Close())
	}
	d := &directory{path: path, lock: f}
	if err := d.probe(); err != nil {
		d.close()
		return nil, fmt.Errorf("store: can't write in the directory %s: %w", path, err)
	}
	return d, nil
}

func (d *directory) close() { _ = d.lock.Close() }

// probe writes as much as the server needs to begin with, and takes it away.
func (d *directory) probe() error {
	name := filepath.Join(d.path, "probe")
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	_, err = f.Write(make([]byte, 1<<20))
	return errors.Join(err, f.Sync(), f.Close(), os.Remove(name))
}

func (d *directory) note() (n note) {
	b, err := os.ReadFile(filepath.Join(d.path, "note"))
	if err != nil || json.Unmarshal(b, &n) != nil {
		return note{}
	}
	return n
}

func (d *directory) setNote(n note) error {
	b, err := json.Marshal(n)
	if err != nil {
		return err
	}
	name := filepath.Join(d.path, "note")
	f, err := os.OpenFile(name+".new", os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(b)
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	return os.Rename(name+".new", name)
}

// restoreNote undoes what an opening that failed in order has noted; without
// room for it the note goes.
func (d *directory) restoreNote(n note) {
	if d.setNote(n) != nil {
		_ = os.Remove(filepath.Join(d.path, "note"))
	}
}

// setAside moves the server's directory away and says what it is called now.
func (d *directory) setAside(now time.Time) (string, error) {
	from := filepath.Join(d.path, jetstreamDir)
	to := from + ".damaged-" + now.UTC().Format("20060102T150405.000Z")
	if err := os.Rename(from, to); err != nil && !errors.Is(err, os.ErrNotExist) {
		return "", fmt.Errorf("store: can't set the damaged log aside: %w", err)
	}
	return filepath.Base(to), nil
}
