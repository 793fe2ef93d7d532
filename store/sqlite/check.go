package sqlite

import (
	"errors"
	"fmt"
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
		// There is room for nothing if not for this.
		if err = errors.Join(d.ensureBallast(), d.dropBallast()); err != nil {
			err = fmt.Errorf("store: can't write in the directory %s: %w", dir, err)
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
