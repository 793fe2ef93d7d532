package cluster

import (
	"fmt"
	"syscall"
	"testing"
	"time"

	"gatepost/test/harness"
)

// bothWays runs a test in a cluster of three whose nodes are routed to each other, and
// in one on an external NATS.
func bothWays(t *testing.T, env harness.Env, test func(*testing.T, *harness.Cluster, *harness.Backend)) {
	t.Run("embedded", func(t *testing.T) {
		b := harness.NewBackend(t, nil)
		test(t, harness.StartCluster(t, 3, b.Env(env)), b)
	})
	t.Run("external", func(t *testing.T) {
		b := harness.NewBackend(t, nil)
		test(t, harness.StartClusterOn(t, harness.NATS(t), 3, b.Env(env)), b)
	})
}

// spread opens clients on each of the nodes.
func spread(t *testing.T, nodes []*harness.Node, each int) (byNode [][]*harness.Client) {
	t.Helper()
	for _, n := range nodes {
		byNode = append(byNode, n.Crowd(t, each, func(int) harness.Dial { return harness.Dial{} }))
	}
	return byNode
}

// closes are the ids of the close events of each client, with how often they came.
func closes(b *harness.Backend) map[string]map[string]int {
	all := map[string]map[string]int{}
	for _, d := range b.Received(harness.Of("close", "")) {
		id := d.Event.Data.ClientID
		if all[id] == nil {
			all[id] = map[string]int{}
		}
		all[id][d.Event.ID]++
	}
	return all
}

// lostWithin is how long after its death a node's clients may be told to be gone.
const lostWithin = 15 * time.Second

// Each of the clients of a node that dies is closed once by the others, as node_lost
// and in its name, within 15 seconds. Nobody else is. When it is back it has nothing
// to add, and takes clients again.
func TestKilledNodeIsClosedForByOthers(t *testing.T) {
	bothWays(t, nil, func(t *testing.T, c *harness.Cluster, b *harness.Backend) {
		const each = 25
		byNode := spread(t, c.Nodes, each)
		dead := c.Nodes[1]
		dead.Kill()
		died := time.Now()
		harness.Eventually(t, "the closes of all its clients", func() bool { return len(closes(b)) >= each })
		if took := time.Since(died); took > lostWithin {
			t.Errorf("the closes came after %s", took)
		}
		all := closes(b)
		for _, client := range byNode[1] {
			if len(all[client.ID]) != 1 {
				t.Errorf("client %s has %d closes", client.ID, len(all[client.ID]))
			}
			ev := b.AwaitOne(t, "close", client.ID)
			if ev.Data.Close.Initiator != "node_lost" || ev.Data.Close.Code != 1006 || ev.Data.Node != dead.Name() || ev.Data.Seq == 0 {
				t.Errorf("client %s of node %s, seq %d: %+v", client.ID, ev.Data.Node, ev.Data.Seq, ev.Data.Close)
			}
		}
		for _, i := range []int{0, 2} {
			if n := c.Nodes[i].Hears(t); n != 2 {
				t.Errorf("%s hears %d nodes, want the two that are left", c.Nodes[i].Name(), n)
			}
		}

		before := len(b.Received(harness.Of("close", "")))
		c.Nodes[1] = dead.Restart(t, nil)
		c.Whole(t)
		late := c.Nodes[1].Connect(t, harness.Dial{})
		late.Leave(t, 1000, "")
		b.AwaitOne(t, "close", late.ID)
		for id, ids := range closes(b) {
			if len(ids) != 1 {
				t.Errorf("client %s has %d close ids", id, len(ids))
			}
		}
		if n := len(b.Received(harness.Of("close", ""))); n != before+1 {
			t.Errorf("%d closes came after the node was back, want that of the client that has left since", n-before)
		}
		for _, i := range []int{0, 2} {
			for _, client := range byNode[i] {
				if !client.Open() {
					t.Fatalf("a client of %s was closed", c.Nodes[i].Name())
				}
			}
		}
	})
}

// A node that is told to end while the backend is away hands over what it can't
// deliver, and another node delivers it: each client's events in order, the close last.
// The node leaves nothing behind: it may never come back.
func TestLeavingNodeHandsOver(t *testing.T) {
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
		if status := leaving.Exit(harness.Patience); status != 0 {
			t.Fatalf("exit status %d", status)
		}
		if !leaving.Log.Has("another node has taken what wasn't delivered") {
			t.Error("it has handed over nothing")
		}
		for _, n := range c.Nodes[1:] {
			harness.Eventually(t, "it has left", func() bool { return n.Hears(t) == 2 })
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
		harness.Eventually(t, "the closes of all its clients", func() bool { return len(closes(b)) == each })
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
		for id, ids := range closes(b) {
			if len(ids) != 1 {
				t.Errorf("client %s has %d close ids", id, len(ids))
			}
		}
	})
}
