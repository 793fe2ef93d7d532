package test

import (
	"testing"
	"time"

	"gatepost/test/harness"
	"gatepost/test/wait"
)

// A client that has left, and whose close waits for a backend that is away, costs
// little memory.
func TestWhatAClientThatHasLeftCosts(t *testing.T) {
	const crowd, most = 4000, 32 << 10
	backend := harness.NewBackend(t, nil)
	node := harness.Start(t, backend.Env(nil))
	used := func() float64 {
		return node.Metric(t, "go_memstats_heap_alloc_bytes") + node.Metric(t, "go_memstats_stack_inuse_bytes")
	}
	clients := node.Crowd(t, crowd, nil)
	connected, rss := used(), node.RSS(t)
	backend.Down()
	for _, c := range clients {
		c.Cut()
	}
	wait.For(t, "all closes are in the outbox", func() bool { return node.Metric(t, "gatepost_outbox_events") >= crowd })
	each := 0.0
	wait.For(t, "what the connections took is free", func() bool {
		each = used() / crowd // of the whole node: what it takes by itself is in it
		return each < most
	})
	wait.Stays(t, "the closes wait", 3*time.Second, func() bool { return node.Metric(t, "gatepost_outbox_events") >= crowd })
	t.Logf("%d clients: connected %.1f KiB each, left %.1f KiB each (%.0f goroutines); resident %d MiB, then %d MiB",
		crowd, connected/crowd/1024, used()/crowd/1024, node.Metric(t, "go_goroutines"), rss>>20, node.RSS(t)>>20)
}
