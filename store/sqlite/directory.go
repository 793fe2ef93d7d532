package sqlite

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"syscall"

	"gatepost/store"
)

// What a store's directory holds, beside the database's own -wal and -shm.
const (
	databaseFile = "gatepost.db"
	lockFileName = "lock"
	ballastFile  = "ballast"
	// A database that is to replace the one that is there is written as the first
	// of these, and becomes the second once it is whole and on the disk.
	tempSuffix, nextSuffix = ".tmp", ".next"
)

// Database is the file of the store in a directory.
func Database(dir string) string { return filepath.Join(dir, databaseFile) }

// directory is the store's place on the disk, which it has to itself.
type directory struct {
	path string
	lock *os.File
}

// openDirectory makes sure that the directory is there, ours alone and takes writes.
func openDirectory(path string) (*directory, error) {
	for _, old := range []string{"jetstream", "note"} {
		if _, err := os.Lstat(filepath.Join(path, old)); err == nil {
			return nil, fmt.Errorf("store: %s was written by an earlier version, whose format this one doesn't read: "+
				"run that version until its outbox is empty and stop it, or give this one another directory; nothing in it was changed", path)
		}
	}
	if err := os.MkdirAll(path, 0o700); err != nil {
		return nil, fmt.Errorf("store: can't make the directory %s: %w", path, err)
	}
	f, err := os.OpenFile(filepath.Join(path, lockFileName), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("store: can't write in the directory %s: %w", path, err)
	}
	if err := lockFile(f); err != nil {
		return nil, errors.Join(fmt.Errorf("%w: %s", store.ErrLocked, path), f.Close())
	}
	d := &directory{path, f}
	if err := d.takesWrites(); err != nil {
		d.close()
		return nil, fmt.Errorf("store: can't write in the directory %s: %w", path, err)
	}
	return d, nil
}

// takesWrites is the error of a directory in which files can't be made, or not written.
// Nobody has the database open.
func (d *directory) takesWrites() error {
	for _, suffix := range []string{"", "-wal", "-shm"} {
		f, err := os.OpenFile(d.file(databaseFile+suffix), os.O_RDWR, 0)
		if err == nil {
			err = f.Close()
		}
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	f, err := os.OpenFile(d.file("probe"), os.O_CREATE|os.O_WRONLY, 0o600)
	if isFull(err) {
		return nil // what is there can be done with
	}
	if err == nil {
		err = errors.Join(f.Close(), os.Remove(f.Name()))
	}
	return err
}

func (d *directory) close() { _ = d.lock.Close() }

// awaitDisk waits while the file system takes no writes. SQLite is called behind it: it
// changes its index of the log in mapped memory, where a file system that stands still
// stops the thread. The runtime knows of no such stop, as it does of one in a system call,
// and its next collection would stop all of the process.
func (d *directory) awaitDisk() {
	_, _ = d.lock.WriteAt([]byte{0}, 0) // one that fails doesn't wait
}

func (d *directory) file(name string) string { return filepath.Join(d.path, name) }

// replace puts a whole database, written as gatepost.db.tmp, where finishReplacing
// makes it the one that counts.
func (d *directory) replace() error {
	temp := d.file(databaseFile + tempSuffix)
	if err := syncFile(temp); err != nil {
		return err
	}
	if err := os.Rename(temp, d.file(databaseFile+nextSuffix)); err != nil {
		return err
	}
	return d.sync()
}

// finishReplacing makes the next database the one that counts, if there is a next
// one; what was begun and isn't whole goes. Nobody has the files open.
func (d *directory) finishReplacing() error {
	temp := d.file(databaseFile + tempSuffix)
	for _, name := range []string{temp, temp + "-journal"} {
		if err := remove(name); err != nil {
			return err
		}
	}
	next, file := d.file(databaseFile+nextSuffix), d.file(databaseFile)
	if _, err := os.Stat(next); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	// With the old log beside it the new database would become the old one.
	for _, suffix := range []string{"-wal", "-shm"} {
		if err := remove(file + suffix); err != nil {
			return err
		}
	}
	if err := d.sync(); err != nil {
		return err
	}
	if err := os.Rename(next, file); err != nil {
		return err
	}
	return d.sync()
}

// sync puts the names in the directory, and its own, on the disk.
func (d *directory) sync() error {
	if err := syncDirectory(d.path); err != nil {
		return err
	}
	if err := syncDirectory(filepath.Dir(filepath.Clean(d.path))); !errors.Is(err, fs.ErrPermission) {
		return err
	}
	return nil // it isn't ours
}

func remove(name string) error {
	if err := os.Remove(name); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// syncFile opens the file for writing, for Windows syncs no other.
func syncFile(name string) error { return syncOpened(name, os.O_RDWR) }

// syncDirectory puts the names in a directory on the disk, where the system and the
// file system can: those of read-only images and of shared folders often can't.
func syncDirectory(name string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	err := syncOpened(name, os.O_RDONLY)
	if errors.Is(err, syscall.EINVAL) || errors.Is(err, syscall.EBADF) || errors.Is(err, errors.ErrUnsupported) {
		return nil
	}
	return err
}

func syncOpened(name string, how int) error {
	f, err := os.OpenFile(name, how, 0)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}
