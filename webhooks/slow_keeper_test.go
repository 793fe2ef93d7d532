package webhooks

import (
	"context"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"gatepost/protocol"
)

// sluggish is a Keeper that keeps all, and at times doesn't say so in time.
type sluggish struct {
	*shelf
	now atomic.Bool
}

type never struct{}

func (never) Wait(ctx context.Context) error {
	<-ctx.Done()
	return ctx.Err()
}

func (s *sluggish) Put(key string, value []byte) Commit {
	done := s.shelf.Put(key, value)
	if s.now.Load() {
		return never{}
	}
	return done
}

// A close that is on record goes on at the next start, and doesn't become a dead letter
// because its record can't be renewed in time as the node stops.
func TestCloseOnRecordOutlivesASlowStore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := &sluggish{shelf: newShelf()}
		r := inBubble(t, Endpoint{}, status(503), func(c *Config) { c.Keeper = k })
		ctx, drain := context.WithCancel(t.Context())
		time.AfterFunc(100*time.Millisecond, func() { // between quick tries
			k.now.Store(true)
			drain()
		})
		out := r.Deliver(ctx, "/ws", "", event(protocol.Close, "c1", 1))
		if kept := k.keys(OutboxPrefix); out.Verdict != protocol.Kept || len(kept) != 1 {
			t.Errorf("%+v, on record is %v", out, kept)
		}
	})
}
