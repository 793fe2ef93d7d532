package store

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"syscall"
)

// serverSaid is an error of the embedded server's log.
func serverSaid(text string) error {
	if strings.Contains(text, syscall.ENOSPC.Error()) || strings.Contains(text, syscall.EDQUOT.Error()) {
		return fmt.Errorf("%w: %s", ErrFull, text)
	}
	return fmt.Errorf("%w: %s", ErrUnavailable, text)
}

// cause makes sure that an error is one of those that callers know.
func cause(err error) error {
	switch {
	case errors.Is(err, ErrUnavailable) || errors.Is(err, ErrFull):
		return err
	case errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT):
		return fmt.Errorf("%w: %w", ErrFull, err)
	case errors.Is(err, os.ErrPermission) || errors.Is(err, syscall.EROFS):
		return fmt.Errorf("%w: the directory takes no writes: %w", ErrUnavailable, err)
	}
	return fmt.Errorf("%w: %w", ErrUnavailable, err)
}
