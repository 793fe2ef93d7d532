package store

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"syscall"

	"github.com/nats-io/nats.go/jetstream"
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
	case errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) || lacksRoom(err):
		return fmt.Errorf("%w: %w", ErrFull, err)
	case errors.Is(err, os.ErrPermission) || errors.Is(err, syscall.EROFS):
		return fmt.Errorf("%w: the directory takes no writes: %w", ErrUnavailable, err)
	}
	return fmt.Errorf("%w: %w", ErrUnavailable, err)
}

// lacksRoom reports whether a NATS server, or a cluster of them, refused something
// because it, or the account, has no room left.
func lacksRoom(err error) bool {
	// JSAccountResourcesExceededErr, JSClusterNoPeersErrF, JSInsufficientResourcesErr
	// and JSStorageResourcesExceededErr of nats-server's errors.json.
	codes := []jetstream.ErrorCode{10002, 10005, 10023, 10047}
	var refused *jetstream.APIError
	return errors.As(err, &refused) && slices.Contains(codes, refused.ErrorCode)
}
