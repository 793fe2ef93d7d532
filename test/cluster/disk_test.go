package cluster

import (
	"os"
	"testing"
	"time"

	"gatepost/test/harness"
	"gatepost/test/wait"
)

// The clients of a node that is gone with its disk have one close each, from the copies
// that other nodes have: whether a new machine takes its name at once or only when all is
// over.
func TestNodeAndDiskGone(t *testing.T) {
	t.Parallel()
	for what, atOnce := range map[string]bool{"replaced at once": true, "replaced later": false} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			b := harness.NewBackend(t, nil)
			c := harness.StartCluster(t, 3, b.Env(nil))
			const each = 30
			byNode := spread(t, c.Nodes, each)
			dead := c.Nodes[1]
			dead.Kill()
			died := time.Now()
			if err := os.RemoveAll(dead.DataDir()); err != nil {
				t.Fatal(err)
			}
			if atOnce {
				c.Nodes[1] = dead.Restart(t, nil)
			}
			wait.For(t, "the closes of all its clients", func() bool { return len(closes(b)) >= each })
			took := time.Since(died)
			if took > lostWithin {
				t.Errorf("the closes came after %s", took)
			}
			t.Logf("all closes after %s", took)
			if !atOnce {
				c.Nodes[1] = dead.Restart(t, nil)
			}
			c.Whole(t)
			late := c.Nodes[1].Connect(t, harness.Dial{})
			late.Leave(t, 1000, "")
			b.AwaitOne(t, "close", late.ID)
			for _, client := range byNode[1] {
				if ev := b.AwaitOne(t, "close", client.ID); ev.Data.Close.Initiator != "node_lost" || ev.Data.Node != dead.Name() {
					t.Errorf("client %s of node %s: %+v", client.ID, ev.Data.Node, ev.Data.Close)
				}
			}
			endAll(t, c)
			oneCloseForAll(t, b)
		})
	}
}
