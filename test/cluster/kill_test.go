package cluster

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"gatepost/test/harness"
	"gatepost/test/wait"
)

// lostWithin is how long after its death a node's clients may be told to be gone,
// normalAfter when a push must be as quick as ever.
const (
	lostWithin  = 15 * time.Second
	normalAfter = 5 * time.Second
)

// Each of the clients of a node that dies under traffic is closed once by the others, as
// node_lost and in its name, within 15 seconds. Nobody else is; the others' pushes go
// on, and none takes longer than 2 seconds. The node, when it is back, has nothing to
// add and takes clients again.
func TestKilledNodeIsClosedForByOthers(t *testing.T) {
	t.Parallel()
	bothWays(t, nil, func(t *testing.T, c *harness.Cluster, b *harness.Backend) {
		const each = 60
		byNode := make([][]*harness.Client, len(c.Nodes))
		for n, node := range c.Nodes {
			byNode[n] = node.Crowd(t, each, func(i int) harness.Dial {
				token := harness.ClientToken(t, fmt.Sprintf("uid-%d", i%20), harness.Claims{
					"groups": []string{fmt.Sprintf("group-%d", i%5)}, "session": map[string]any{"of": fmt.Sprint(n, " ", i)},
				})
				return harness.Dial{Path: "/ws?token=" + token}
			})
		}
		dead, left := c.Nodes[1], []*harness.Node{c.Nodes[0], c.Nodes[2]}
		tr := newTraffic(t)
		tr.drain(byNode...)
		var seen []*arrivals
		for i, node := range left {
			near, far := node.Connect(t, harness.Dial{}), left[1-i].Connect(t, harness.Dial{})
			seen = append(seen, tr.watch(near), tr.watch(far))
			tr.call(node.Name()+" client here", 20*time.Millisecond, node, "POST", "/push/clients/"+near.ID, "hello")
			tr.call(node.Name()+" client there", 20*time.Millisecond, node, "POST", "/push/clients/"+far.ID, "hello")
			tr.call(node.Name()+" uid", 50*time.Millisecond, node, "POST", "/push/uids/uid-7", "hello")
			tr.call(node.Name()+" group", 100*time.Millisecond, node, "POST", "/push/groups/group-2", "hello")
			tr.call(node.Name()+" clients", 200*time.Millisecond, node, "GET", "/clients?uid=uid-7", "")
		}
		for _, clients := range byNode {
			for i := range 20 {
				tr.every(200*time.Millisecond, func() { _ = clients[i].TrySend("hello") })
			}
		}
		began := time.Now()
		wait.Stays(t, "the nodes live", 4*time.Second, dead.Alive)

		dead.Kill()
		died := time.Now()
		wait.For(t, "the closes of all its clients", func() bool { return len(closes(b)) >= each })
		took := time.Since(died)
		if took > lostWithin {
			t.Errorf("the closes came after %s", took)
		}
		wait.Stays(t, "the others live", time.Until(died.Add(max(2*normalAfter, took+3*time.Second))), func() bool { return left[0].Alive() && left[1].Alive() })
		tr.end()
		end := time.Now()
		t.Logf("all %d closes after %s", each, took)
		for _, what := range tr.kinds() {
			all, before, after := tr.between(what, began, end), tr.between(what, began, died), tr.between(what, died.Add(normalAfter), end)
			worst := longest(all)
			t.Logf("%s: %d calls, p99 %s before and %s after; the longest %s, %s after the death", what, len(all), p99(before), p99(after), worst.took, worst.began.Sub(died))
			if worst.took > callLimit+haste {
				t.Errorf("%s: a call took %s", what, worst.took)
			}
			if len(after) == 0 || p99(after) > max(5*p99(before), haste) {
				t.Errorf("%s: %d calls with a p99 of %s, which was %s", what, len(after), p99(after), p99(before))
			}
			for _, one := range all {
				if one.status != http.StatusOK {
					t.Errorf("%s: %d, %v, %s after the death", what, one.status, one.err, one.began.Sub(died))
				}
			}
			for _, one := range tr.between(what, died.Add(took+time.Second), end) {
				if one.partial != "" {
					t.Errorf("%s is without %s, %s after the death", what, one.partial, one.began.Sub(died))
				}
			}
		}
		for i, a := range seen {
			if gap := a.longestGap(began.Add(time.Second), end); gap > callLimit+haste {
				t.Errorf("client %d got nothing for %s", i, gap)
			} else {
				t.Logf("client %d got nothing for %s at most", i, gap)
			}
		}

		all := closes(b)
		for i, client := range byNode[1] {
			if len(all[client.ID]) != 1 {
				t.Errorf("client %s has %d closes", client.ID, len(all[client.ID]))
			}
			ev := b.AwaitOne(t, "close", client.ID)
			if ev.Data.Close.Initiator != "node_lost" || ev.Data.Close.Code != 1006 || ev.Data.Node != dead.Name() || ev.Data.Seq == 0 {
				t.Errorf("client %s of node %s, seq %d: %+v", client.ID, ev.Data.Node, ev.Data.Seq, ev.Data.Close)
			}
			if ev.UID() != fmt.Sprintf("uid-%d", i%20) || !harness.SameJSON(ev.Data.Session, fmt.Appendf(nil, `{"of":"1 %d"}`, i)) ||
				fmt.Sprint(ev.Data.Groups) != fmt.Sprintf("[group-%d]", i%5) {
				t.Errorf("client %s has uid %s, groups %q and session %s", client.ID, ev.UID(), ev.Data.Groups, ev.Data.Session)
			}
		}
		for _, node := range left {
			if n := node.Hears(t); n != 2 {
				t.Errorf("%s hears %d nodes, want the two that are left", node.Name(), n)
			}
		}

		before := len(b.Received(harness.Of("close", "")))
		c.Nodes[1] = dead.Restart(t, nil)
		c.Whole(t)
		late := c.Nodes[1].Connect(t, harness.Dial{})
		late.Leave(t, 1000, "")
		b.AwaitOne(t, "close", late.ID)
		oneCloseEach(t, b)
		for _, d := range b.Received(harness.Of("close", ""))[before:] {
			if d.Event.Data.ClientID != late.ID {
				t.Errorf("attempt %d at the close of %s, of %s by %s, came after the node was back", d.Attempt, d.Event.Data.ClientID, d.Event.Data.Node, d.Event.Data.Close.Initiator)
			}
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
