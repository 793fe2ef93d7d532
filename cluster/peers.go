package cluster

import "context"

// resolver looks up the addresses of a name.
type resolver interface {
	LookupHost(ctx context.Context, host string) ([]string, error)
}
