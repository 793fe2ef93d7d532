package sqlite

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// Backup writes all that the store in a directory has into a new file, as of one
// moment. A node may be using the store meanwhile: its log can't be emptied until the
// backup is done. The file then takes the place of the one that Database names.
func Backup(dir, file string) error {
	from := Database(dir)
	if _, err := os.Stat(from); err != nil {
		return fmt.Errorf("store: nothing to back up: %w", err)
	}
	to, err := os.OpenFile(file, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("store: %w", err)
	}
	if err := to.Close(); err != nil {
		return err
	}
	c, err := connect(from, "?mode=ro")
	if err != nil {
		return errors.Join(fmt.Errorf("store: %s: %w", from, err), remove(file))
	}
	err = c.exec("pragma busy_timeout = 5000", "pragma temp_store = memory")
	var into *stmt
	if err == nil {
		into, err = c.prepare("vacuum into ?")
	}
	if err == nil {
		err = errors.Join(into.exec(file), into.Close())
	}
	if err = errors.Join(err, c.Close()); err == nil {
		// SQLite doesn't sync what it writes so.
		err = errors.Join(syncFile(file), syncDirectory(filepath.Dir(file)))
	}
	if err != nil {
		return errors.Join(fmt.Errorf("store: backing up %s: %w", from, err), remove(file))
	}
	return nil
}
