package jetstream

import (
	"errors"
	"fmt"
	"slices"

	"github.com/nats-io/nats.go/jetstream"

	"gatepost/store"
)

// cause makes sure that an error is one of those that callers know.
func cause(err error) error {
	switch {
	case errors.Is(err, store.ErrUnavailable) || errors.Is(err, store.ErrFull):
		return err
	case lacksRoom(err):
		return fmt.Errorf("%w: %w", store.ErrFull, err)
	}
	return fmt.Errorf("%w: %w", store.ErrUnavailable, err)
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
