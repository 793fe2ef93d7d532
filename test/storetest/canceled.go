package storetest

import "context"

// canceled has a Commit say at once how it stands.
var canceled = func() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}()
