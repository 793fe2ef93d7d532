package cluster

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"testing"

	"github.com/nats-io/nats.go"

	"gatepost/test/harness"
	"gatepost/test/wait"
)

// Pushes made one after another through one node reach a client of another node in that
// order, however they name it.
func TestPushesKeepTheirOrder(t *testing.T) {
	t.Parallel()
	bothWays(t, nil, func(t *testing.T, c *harness.Cluster, _ *harness.Backend) {
		const pushes = 600
		client := c.Nodes[1].Connect(t, as(t, 1))
		c.Nodes[2].Crowd(t, 20, func(i int) harness.Dial { return as(t, i%2) })
		api := c.Nodes[0].API(t, "push")
		paths := []string{"/push/clients/" + client.ID, "/push/uids/uid-1", "/push/groups/group-1", "/push/all", "/push"}
		for i := range pushes {
			body, media := fmt.Sprint(i), "text/plain"
			if i%len(paths) == 4 {
				body, media = fmt.Sprintf(`{"clients":[%q,%q],"uids":["uid-1"],"groups":["group-1"],"text":"%d"}`, client.ID, client.ID, i), "application/json"
			}
			api.Want(200, "", "POST", paths[i%len(paths)], body, "content-type", media)
		}
		for i := range pushes {
			client.WantText(t, fmt.Sprint(i))
		}
	})
}

// A push goes to the nodes that hold whom it means, once, and to no others: of eight
// nodes one receives it, counted on NATS.
func TestPushGoesWhereItIsMeant(t *testing.T) {
	t.Parallel()
	server := harness.StartNATS(t, "127.0.0.1")
	c := harness.StartClusterOn(t, server.URL, 8, nil)
	const pushes = 50
	text := []byte("a text that is nowhere else")
	client := c.Nodes[5].Connect(t, as(t, 1))
	conn, err := nats.Connect(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	seen, err := conn.SubscribeSync(">")
	if err != nil || conn.Flush() != nil {
		t.Fatal(err)
	}
	_ = seen.SetPendingLimits(-1, -1)
	api := c.Nodes[0].API(t, "push")
	calls := c.Nodes[0].Metric(t, "gatepost_cluster_calls_total")
	for range pushes {
		api.Want(200, `{"matched":1,"queued":1,"dropped":0}`, "POST", "/push/groups/group-1", string(text), "content-type", "text/plain")
	}
	for range pushes {
		client.WantText(t, string(text))
	}
	if n := c.Nodes[0].Metric(t, "gatepost_cluster_calls_total") - calls; n != pushes {
		t.Errorf("%v calls for %d pushes", n, pushes)
	}
	if err := conn.Flush(); err != nil {
		t.Fatal(err)
	}
	bySubject, all := map[string]int{}, 0
	waiting, _, err := seen.Pending() // after a flush, all that went over NATS before it
	if err != nil {
		t.Fatal(err)
	}
	for range waiting {
		m, err := seen.NextMsg(wait.Patience)
		if err != nil {
			t.Fatal(err)
		}
		if all++; bytes.Contains(m.Data, text) {
			bySubject[m.Subject]++
		}
	}
	t.Logf("%d messages on NATS, with the text: %v", all, bySubject)
	if len(bySubject) != 1 || slices.Max(slices.Collect(maps.Values(bySubject))) != pushes {
		t.Errorf("the pushes went to %v, want one node's subject %d times", bySubject, pushes)
	}
}
