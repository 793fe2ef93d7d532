package cluster

import (
	"strings"
	"testing"
	"time"

	"gatepost/test/harness"
	"gatepost/test/tcp"
	"gatepost/test/wait"
)

// Of two nodes neither declares the other lost: it might be itself the one that is cut
// off. The one that is left goes on; a person says that the other is lost, and only
// once that is sure to do no more. The lost one, back with its disk, adds nothing.
func TestTwoNodesAndOneIsForgotten(t *testing.T) {
	t.Parallel()
	b := harness.NewBackend(t, nil)
	c := harness.StartCluster(t, 2, b.Env(nil))
	const each = 5
	byNode := spread(t, c.Nodes, each)
	left, dead := c.Nodes[0], c.Nodes[1]
	admin := left.API(t, "admin")
	admin.WantProblem(409, "node_answers", "DELETE", "/nodes/"+dead.Name(), "")
	admin.WantProblem(404, "not_found", "DELETE", "/nodes/node-9", "")
	admin.WantProblem(409, "node_answers", "DELETE", "/nodes/"+left.Name(), "")
	left.API(t, "read push").WantProblem(403, "forbidden", "DELETE", "/nodes/"+dead.Name(), "")

	dead.Kill()
	wait.For(t, "the other is silent", func() bool { return left.Hears(t) < 0 })
	admin.WantProblem(409, "node_answers", "DELETE", "/nodes/"+dead.Name(), "") // too soon
	wait.Stays(t, "nobody is closed", 10*time.Second, func() bool { return len(closes(b)) == 0 })
	left.Healthy(t, harness.Dial{})

	env := harness.Env{"GATEPOST_URL": "http://" + left.Addr, "GATEPOST_SECRET": harness.Secret}
	if out, errs, status := harness.Command(t, env, "node", "list"); status != 0 || !strings.Contains(out, "silent") {
		t.Errorf("node list: %d, %s%s", status, out, errs)
	}
	if out, errs, status := harness.Command(t, env, "node", "forget", dead.Name()); status != 0 {
		t.Fatalf("node forget: %d, %s%s", status, out, errs)
	}
	for _, client := range byNode[1] {
		if ev := b.AwaitOne(t, "close", client.ID); ev.Data.Close.Initiator != "node_lost" || ev.Data.Node != dead.Name() {
			t.Errorf("client %s of node %s: %+v", client.ID, ev.Data.Node, ev.Data.Close)
		}
	}
	if n := left.Hears(t); n != 1 {
		t.Errorf("%d nodes are in the cluster", n)
	}
	before := len(b.Received(harness.Of("close", "")))
	c.Nodes[1] = dead.Restart(t, nil)
	c.Whole(t)
	late := c.Nodes[1].Connect(t, harness.Dial{})
	late.Leave(t, 1000, "")
	b.AwaitOne(t, "close", late.ID)
	if n := len(b.Received(harness.Of("close", ""))); n != before+1 {
		t.Errorf("%d closes came from the node that was forgotten", n-before-1)
	}
}

// Of two nodes one that is killed and starts again closes its clients itself.
func TestTwoNodesAndOneStartsAgain(t *testing.T) {
	t.Parallel()
	b := harness.NewBackend(t, nil)
	c := harness.StartCluster(t, 2, b.Env(nil))
	clients := spread(t, c.Nodes[1:], 5)[0]
	c.Nodes[1].Kill()
	c.Nodes[1] = c.Nodes[1].Restart(t, nil)
	for _, client := range clients {
		if ev := b.AwaitOne(t, "close", client.ID); ev.Data.Close.Initiator != "node_lost" || ev.Data.Node != c.Nodes[1].Name() {
			t.Errorf("client %s of node %s: %+v", client.ID, ev.Data.Node, ev.Data.Close)
		}
	}
}

// A second node of one name isn't let in: its process says why and ends.
func TestNameIsTaken(t *testing.T) {
	t.Parallel()
	c := harness.StartCluster(t, 2, nil)
	second := harness.Launch(t, harness.Env{
		"GATEPOST_NODE": c.Nodes[0].Name(), "GATEPOST_CLUSTER_LISTEN": tcp.FreeAddr(t),
		"GATEPOST_CLUSTER_PEERS": c.Nodes[1].Route(),
	})
	if status := second.Exit(wait.Patience); status != 1 || !second.Log.Has(c.Nodes[0].Name()) {
		t.Errorf("exit status %d:\n%s", status, second.Log)
	}
	c.Whole(t)
}

// A node that keeps nothing has its clients closed by another, and hands over what it
// can't deliver, like any other.
func TestNodeThatKeepsNothing(t *testing.T) {
	t.Parallel()
	b := harness.NewBackend(t, nil)
	c := harness.StartCluster(t, 3, b.Env(harness.Env{"GATEPOST_DATA_DIR": "memory"}))
	byNode := spread(t, c.Nodes, 5)
	c.Nodes[0].Kill()
	for _, client := range byNode[0] {
		b.AwaitOne(t, "close", client.ID)
	}
	b.Down()
	c.Nodes[1].Stop(t)
	b.Up(t)
	for _, client := range byNode[1] {
		if ev := b.AwaitOne(t, "close", client.ID); ev.Data.Close.Code != 1001 {
			t.Errorf("client %s: %+v", client.ID, ev.Data.Close)
		}
	}
	oneCloseEach(t, b)
}
