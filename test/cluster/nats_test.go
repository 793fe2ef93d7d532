package cluster

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"gatepost/test/harness"
	"gatepost/test/wait"
)

// An external NATS that goes and comes back takes nothing with it: no node is declared
// lost, no client is closed. Meanwhile each node goes on with what it can do by itself,
// and says what it can't.
func TestNATSGoesAndComesBack(t *testing.T) {
	t.Parallel()
	nats := harness.StartNATS(t, "127.0.0.1")
	b := harness.NewBackend(t, nil)
	c := harness.StartClusterOn(t, nats.URL, 3, b.Env(nil))
	stay := make([][]*harness.Client, len(c.Nodes))
	for n, node := range c.Nodes {
		stay[n] = node.Crowd(t, 10, func(i int) harness.Dial { return as(t, i) })
	}
	tr := newTraffic(t)
	tr.drain(stay...)
	for n, node := range c.Nodes {
		others := stay[(n+1)%len(stay)]
		tr.call(node.Name()+" client here", 50*time.Millisecond, node, "POST", "/push/clients/"+stay[n][0].ID, "hello")
		tr.call(node.Name()+" client there", 100*time.Millisecond, node, "POST", "/push/clients/"+others[0].ID, "hello")
		tr.call(node.Name()+" uid", 50*time.Millisecond, node, "POST", "/push/uids/uid-1", "hello")
		tr.call(node.Name()+" clients", 100*time.Millisecond, node, "GET", "/clients?uid=uid-2", "")
		tr.call(node.Name()+" bind", 100*time.Millisecond, node, "POST", "/bind", fmt.Sprintf(`{"client_id":%q,"uid":"uid-1"}`, stay[n][1].ID))
	}
	began := time.Now()
	wait.Stays(t, "the nodes live", 2*time.Second, c.Nodes[0].Alive)

	nats.Stop() // a restart
	nats.Start(t)
	c.Whole(t)
	nats.Kill()
	gone := time.Now()
	for _, clients := range stay {
		for _, client := range clients[:5] {
			client.Send(t, "said meanwhile")
		}
	}
	wait.Stays(t, "the nodes live", outage(t), func() bool { return c.Nodes[0].Alive() && c.Nodes[1].Alive() && c.Nodes[2].Alive() })
	for _, node := range c.Nodes {
		if _, err := node.TryConnect(t, harness.Dial{}); err == nil {
			t.Errorf("%s takes a client without NATS", node.Name())
		}
	}
	nats.Start(t)
	back := time.Now()
	c.Whole(t)
	t.Logf("whole again %s after NATS was back", time.Since(back))
	for _, clients := range stay {
		for _, client := range clients[:5] {
			b.AwaitOne(t, "message", client.ID)
		}
	}
	whole := time.Now()
	for _, node := range c.Nodes {
		node.Connect(t, as(t, 3)).Leave(t, 1000, "")
	}
	wait.Stays(t, "the nodes live", 2*time.Second, c.Nodes[0].Alive)
	tr.end()

	for _, what := range tr.kinds() {
		worst := longest(tr.between(what, began, time.Now()))
		t.Logf("%s: the longest of %d took %s, %s after NATS was gone", what, len(tr.between(what, began, time.Now())), worst.took, worst.began.Sub(gone))
		if worst.took > callLimit+haste {
			t.Errorf("%s: a call took %s", what, worst.took)
		}
		for _, one := range tr.between(what, whole, time.Now()) {
			if one.status != http.StatusOK || one.partial != "" {
				t.Errorf("%s afterwards: %d, without %q: %v", what, one.status, one.partial, one.err)
			}
		}
	}
	for _, node := range c.Nodes {
		during := func(what string) []call {
			return tr.between(node.Name()+what, gone.Add(callLimit+haste), back)
		}
		for _, what := range []string{" client here", " uid", " clients"} {
			for _, one := range during(what) {
				if one.status != http.StatusOK || (one.partial != "") != (what != " client here") {
					t.Errorf("%s%s without NATS: %d, without %q: %v", node.Name(), what, one.status, one.partial, one.err)
				}
			}
		}
		for _, one := range during(" client there") {
			if one.status != http.StatusServiceUnavailable || one.partial == "" {
				t.Errorf("%s: a push to another node's client without NATS: %d, without %q: %v", node.Name(), one.status, one.partial, one.err)
			}
		}
		if node.Log.Has("a node is lost") || node.Log.Has("declared lost") {
			t.Errorf("%s speaks of a loss:\n%s", node.Name(), node.Log)
		}
	}
	for _, clients := range stay {
		for _, client := range clients {
			if !client.Open() {
				t.Errorf("client %s was closed", client.ID)
			}
		}
	}
	endAll(t, c)
	oneCloseForAll(t, b)
	nothingAfterClose(t, b)
	for _, d := range b.Received(harness.Of("close", "")) {
		if d.Event.Data.Close.Initiator == "node_lost" {
			t.Errorf("client %s was closed as node_lost", d.Event.Data.ClientID)
		}
	}
}
