package cluster

import (
	"sync"
	"syscall"
	"testing"

	"gatepost/test/harness"
	"gatepost/test/wait"
)

// A cluster all of whose nodes end at once, told to or not, goes on where it was when
// they are back: whoever has it then, each client's waiting message is told, and one
// close behind it.
func TestAllNodesEndAtOnce(t *testing.T) {
	for _, signal := range []syscall.Signal{syscall.SIGTERM, syscall.SIGKILL} {
		t.Run(signal.String(), func(t *testing.T) {
			bothWays(t, harness.Env{"GATEPOST_DURABLE": "all"}, func(t *testing.T, c *harness.Cluster, b *harness.Backend) {
				const each = 5
				byNode := spread(t, c.Nodes, each)
				b.Down()
				for _, clients := range byNode {
					for _, client := range clients {
						client.Send(t, "waits")
						client.Ping(t)
					}
				}
				for _, n := range c.Nodes {
					wait.For(t, "all messages are on record", func() bool {
						return n.Metric(t, "gatepost_events_waiting") == each && n.Metric(t, "gatepost_store_pending_bytes") == 0
					})
				}
				var ending sync.WaitGroup
				for _, n := range c.Nodes {
					n.Signal(signal)
					ending.Go(func() {
						if status := n.Exit(wait.Patience); status > 0 {
							t.Errorf("%s ended with status %d", n.Name(), status)
						}
					})
				}
				ending.Wait()
				if t.Failed() {
					return
				}
				for i, n := range c.Nodes {
					c.Nodes[i] = n.Relaunch(t, nil)
				}
				for _, n := range c.Nodes {
					n.Listening(t)
				}
				c.Whole(t)
				b.Up(t)
				for _, clients := range byNode {
					for _, client := range clients {
						b.AwaitOne(t, "close", client.ID)
						if ev := b.AwaitOne(t, "message", client.ID); ev.Text() != "waits" {
							t.Errorf("client %s: %+v", client.ID, ev)
						}
					}
				}
				for id, ids := range closes(b) {
					if len(ids) != 1 {
						t.Errorf("client %s has %d close ids", id, len(ids))
					}
				}
			})
		})
	}
}
