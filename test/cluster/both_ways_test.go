package cluster

import (
	"fmt"
	"syscall"
	"testing"

	"gatepost/test/harness"
	"gatepost/test/wait"
)

// bothWays runs a test in a cluster of three whose nodes are routed to each other, and
// in one on an external NATS.
func bothWays(t *testing.T, env harness.Env, test func(*testing.T, *harness.Cluster, *harness.Backend)) {
	t.Helper()
	t.Run("embedded", func(t *testing.T) {
		t.Parallel()
		b := harness.NewBackend(t, nil)
		test(t, harness.StartCluster(t, 3, b.Env(env)), b)
	})
	t.Run("external", func(t *testing.T) {
		t.Parallel()
		b := harness.NewBackend(t, nil)
		test(t, harness.StartClusterOn(t, harness.StartNATS(t, "127.0.0.1").URL, 3, b.Env(env)), b)
	})
}

// A node that is told to end while the backend is away hands over what it can't
// deliver, and another node delivers it: each client's events in order, the close last.
// The node leaves nothing behind: it may never come back.
func TestLeavingNodeHandsOver(t *testing.T) {
	t.Parallel()
	bothWays(t, nil, func(t *testing.T, c *harness.Cluster, b *harness.Backend) {
		const each = 10
		clients := spread(t, c.Nodes[:1], each)[0]
		b.Down()
		for _, client := range clients {
			client.Send(t, "one")
			client.Send(t, "two")
			client.Ping(t)
		}
		leaving := c.Nodes[0]
		leaving.Signal(syscall.SIGTERM)
		for _, client := range clients {
			client.WantClosed(t, 1001)
		}
		if status := leaving.Exit(wait.Patience); status != 0 {
			t.Fatalf("exit status %d", status)
		}
		if !leaving.Log.Has("another node has taken what wasn't delivered") {
			t.Error("it has handed over nothing")
		}
		for _, n := range c.Nodes[1:] {
			wait.For(t, "it has left", func() bool { return n.Hears(t) == 2 })
		}
		b.Up(t)
		for _, client := range clients {
			b.AwaitOne(t, "close", client.ID)
		}
		for _, client := range clients {
			var got []string
			seen := map[string]bool{}
			for _, d := range b.Received(func(d *harness.Delivery) bool { return d.Event.Data.ClientID == client.ID }) {
				if ev := d.Event; !seen[ev.ID] {
					seen[ev.ID] = true
					got = append(got, fmt.Sprint(ev.Type, " ", ev.Data.Seq, " ", ev.Text()))
				}
			}
			if want := "[connect 0  message 1 one message 2 two close 3 ]"; fmt.Sprint(got) != want {
				t.Errorf("client %s: %v, want %s", client.ID, got, want)
			}
			if ev := b.AwaitOne(t, "close", client.ID); ev.Data.Close.Code != 1001 || ev.Data.Node != leaving.Name() {
				t.Errorf("client %s of node %s: %+v", client.ID, ev.Data.Node, ev.Data.Close)
			}
		}
	})
}

// A process that was stopped for so long that the others have ended its clients finds
// out before it does anything: it closes them with 1001 and tells nothing of them, not
// what they said before either. Then it is one of the cluster again.
func TestStoppedNodeTellsNothingOfItsClients(t *testing.T) {
	t.Parallel()
	bothWays(t, nil, func(t *testing.T, c *harness.Cluster, b *harness.Backend) {
		const each = 10
		clients := spread(t, c.Nodes[2:], each)[0]
		b.Script(func(d *harness.Delivery) harness.Answer {
			if d.Event.Text() == "waits" {
				return harness.Status(503)
			}
			return harness.Answer{}
		})
		for _, client := range clients {
			client.Send(t, "waits")
			client.Send(t, "behind it")
			client.Ping(t)
		}
		b.Await(t, each, harness.Of("message", ""))
		stopped := c.Nodes[2]
		stopped.Signal(syscall.SIGSTOP)
		wait.For(t, "the closes of all its clients", func() bool { return len(closes(b)) == each })
		b.Script(nil)
		before := len(b.Received(func(*harness.Delivery) bool { return true }))
		stopped.Signal(syscall.SIGCONT)
		for _, client := range clients {
			client.WantClosed(t, 1001)
		}
		c.Whole(t)
		late := stopped.Connect(t, harness.Dial{})
		late.Send(t, "hello")
		if ev := b.AwaitOne(t, "message", late.ID); ev.Text() != "hello" {
			t.Errorf("got %+v", ev)
		}
		after := b.Received(func(*harness.Delivery) bool { return true })[before:]
		for _, d := range after {
			if d.Event.Data.ClientID != late.ID {
				t.Errorf("a %s of client %s came after its close", d.Event.Type, d.Event.Data.ClientID)
			}
		}
		oneCloseEach(t, b)
	})
}
