package store

import (
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

// lockName is the file that a process has locked while it uses the directory.
const lockName = "lock"

// openDirectory makes sure that the directory is there, ours alone and takes writes.
func openDirectory(path string) (*directory, error) {
	if err := os.MkdirAll(path, 0o700); err != nil {
		return nil, fmt.Errorf("store: can't make the directory %s: %w", path, err)
	}
	f, err := os.OpenFile(filepath.Join(path, lockName), os.O_CREATE|os.O_RDWR, 0o600)
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

// setAside moves the server's directory away and says what it is called now.
func (d *directory) setAside(now time.Time) (string, error) {
	from := filepath.Join(d.path, jetstreamDir)
	to := from + ".damaged-" + now.UTC().Format("20060102T150405.000Z")
	if err := os.Rename(from, to); err != nil && !errors.Is(err, os.ErrNotExist) {
		return "", fmt.Errorf("store: can't set the damaged log aside: %w", err)
	}
	return filepath.Base(to), nil
}
