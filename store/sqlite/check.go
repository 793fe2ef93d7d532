package sqlite

import (
	"errors"
	"os"
	"path/filepath"

	"gatepost/store"
)

// Check says why Open would fail in a directory, as far as that can be known without
// opening the database: store.ErrLocked where another process has it. It leaves nothing
// behind.
func Check(dir string) error {
	lock := filepath.Join(dir, lockFileName)
	newDir, newLock := missing(dir), missing(lock)
	d, err := openDirectory(dir)
	if err == nil && missing(d.file(databaseFile)) {
		if err = d.hasRoom(); err == nil {
			err = d.dropBallast()
		}
	}
	if newLock && !errors.Is(err, store.ErrLocked) {
		_ = os.Remove(lock)
	}
	if d != nil {
		d.close()
	}
	if newDir {
		_ = os.Remove(dir) // if it is empty
	}
	return err
}

func missing(path string) bool {
	_, err := os.Lstat(path)
	return errors.Is(err, os.ErrNotExist)
}
