package sqlite

import (
	"errors"
	"fmt"
	"io/fs"
	"syscall"

	"modernc.org/sqlite"

	"gatepost/store"
)

// SQLite's codes: the low byte says what, the next which of those.
const (
	codeIO       = 10
	codeCorrupt  = 11
	codeFull     = 13
	codeNotADB   = 26
	codeSync     = codeIO | 4<<8
	codeSyncDir  = codeIO | 5<<8
	codeShmSize  = codeIO | 19<<8 // no room for the log's index
	codeReadOnly = 8
)

func code(err error) int {
	var e *sqlite.Error
	if errors.As(err, &e) {
		return e.Code()
	}
	return 0
}

// isFull says whether the disk is full, or the database has all its pages.
func isFull(err error) bool {
	return code(err)&0xff == codeFull || code(err) == codeShmSize || errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) || errors.Is(err, store.ErrFull)
}

// isSync says whether syncing failed. The system forgets what it couldn't write then,
// and says so only once: nothing since the last good sync is sure to be on the disk.
func isSync(err error) bool {
	return code(err) == codeSync || code(err) == codeSyncDir || errors.Is(err, errSync)
}

var errSync = errors.New("syncing failed")

// isWrite says whether something couldn't be written, though it may be the only thing.
func isWrite(err error) bool { return code(err)&0xff == codeIO && !isSync(err) }

// isDamage says whether SQLite has come upon damage.
func isDamage(err error) bool {
	return code(err)&0xff == codeCorrupt || code(err)&0xff == codeNotADB || errors.Is(err, errDamage)
}

var errDamage = errors.New("the database is damaged")

// cause makes sure that an error is one of those that callers know.
func cause(err error) error {
	switch {
	case err == nil || errors.Is(err, store.ErrUnavailable) || errors.Is(err, store.ErrFull):
		return err
	case isFull(err):
		return fmt.Errorf("%w: %w", store.ErrFull, err)
	case errors.Is(err, fs.ErrPermission) || errors.Is(err, syscall.EROFS) || code(err)&0xff == codeReadOnly:
		return fmt.Errorf("%w: the directory takes no writes: %w", store.ErrUnavailable, err)
	}
	return fmt.Errorf("%w: %w", store.ErrUnavailable, err)
}
