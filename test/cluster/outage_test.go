package cluster

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"gatepost/test/harness"
	"gatepost/test/wait"
)

// outage is how long a node, or NATS, is away: long enough for all that follows from it.
// GATEPOST_TEST_OUTAGE, such as 60s, sets another time.
func outage(t *testing.T) time.Duration {
	d := 18 * time.Second
	if s := os.Getenv("GATEPOST_TEST_OUTAGE"); s != "" {
		var err error
		if d, err = time.ParseDuration(s); err != nil {
			t.Fatal(err)
		}
	}
	return d
}

// lease is how long a node that is cut off from the majority may go on with webhooks.
const lease = 6 * time.Second

// A node that is cut off from the other nodes while all of them still reach the backend
// starts no webhook once its lease has ended. Each client has one close, and nothing of
// a client comes after it for the first time.
func TestPartition(t *testing.T) {
	t.Parallel()
	for _, external := range []bool{false, true} {
		t.Run(map[bool]string{false: "embedded", true: "external"}[external], func(t *testing.T) {
			t.Parallel()
			w := harness.NewNetwork(t, 3)
			b := harness.NewBackendOn(t, w.Outside(), nil)
			nats := ""
			if external {
				nats = harness.StartNATS(t, w.Middle()).URL
			}
			awayAndBack(t, harness.StartClusterIn(t, w, nats, b.Env(nil)), b, away{
				from: w.Client(2), cut: func() { w.Cut(t, 2) }, heal: func() { w.Heal(t, 2) }, answers: true,
			})
		})
	}
}

// Two nodes that don't reach each other, but both a third one, are no reason to declare
// anybody lost: what needs the other one says so, and nobody is closed.
func TestTwoNodesApartAndBothInContactWithAThird(t *testing.T) {
	t.Parallel()
	w := harness.NewNetwork(t, 3)
	b := harness.NewBackendOn(t, w.Outside(), nil)
	c := harness.StartClusterIn(t, w, "", b.Env(nil))
	byNode := spread(t, c.Nodes, 5)
	w.Part(t, 0, 2, true)
	push := func(through int, client *harness.Client) *harness.Response {
		return c.Nodes[through].API(t, "push").Do("POST", "/push/clients/"+client.ID, "hello", "content-type", "text/plain")
	}
	wait.For(t, "the two can't be heard by each other", func() bool { return c.Nodes[0].Hears(t) < 0 && c.Nodes[2].Hears(t) < 0 })
	apart := 2 * lease
	for until := time.Now().Add(apart); time.Now().Before(until); time.Sleep(200 * time.Millisecond) {
		for _, n := range []int{0, 2} {
			if r := push(n, byNode[2-n][0]); r.Status != http.StatusServiceUnavailable || r.Header.Get("gatepost-partial") != c.Nodes[2-n].Name() {
				t.Errorf("a push from one to the other: %d, without %q", r.Status, r.Header.Get("gatepost-partial"))
			}
			for _, r := range []*harness.Response{push(n, byNode[1][0]), push(1, byNode[n][0]), push(n, byNode[n][0])} {
				if r.Status != http.StatusOK {
					t.Errorf("a push to and from the third: %d %s", r.Status, r.Body)
				}
			}
			client := c.Nodes[n].Connect(t, harness.Dial{})
			client.Cut()
		}
	}
	w.Part(t, 0, 2, false)
	c.Whole(t)
	for n, clients := range byNode {
		for _, client := range clients {
			if !client.Open() {
				t.Errorf("a client of %s was closed", c.Nodes[n].Name())
			}
		}
		if c.Nodes[n].Log.Has("lost") {
			t.Errorf("%s speaks of a loss", c.Nodes[n].Name())
		}
	}
	endAll(t, c)
	oneCloseForAll(t, b)
	allInOrder(t, b)
}

// The same holds for a node that is stopped and goes on.
func TestStoppedProcess(t *testing.T) {
	t.Parallel()
	bothWays(t, nil, func(t *testing.T, c *harness.Cluster, b *harness.Backend) {
		awayAndBack(t, c, b, away{
			cut: func() { c.Nodes[2].Signal(syscall.SIGSTOP) }, heal: func() { c.Nodes[2].Signal(syscall.SIGCONT) },
		})
	})
}

// away is how the third node goes away.
type away struct {
	from      string // the address that its webhooks come from; empty: it sends none
	cut, heal func()
	answers   bool // it does meanwhile
}

// awayAndBack has the third node of a cluster away under traffic of all kinds.
func awayAndBack(t *testing.T, c *harness.Cluster, b *harness.Backend, how away) {
	hurt, left := c.Nodes[2], c.Nodes[:2]
	stay := make([][]*harness.Client, len(c.Nodes))
	for n, node := range c.Nodes {
		stay[n] = node.Crowd(t, 20, func(i int) harness.Dial { return as(t, i%10) })
	}
	tr := newTraffic(t)
	tr.drain(stay...)
	for n, node := range c.Nodes {
		if node == hurt && !how.answers {
			continue
		}
		others := stay[(n+1)%len(stay)]
		tr.call(node.Name()+" client here", 50*time.Millisecond, node, "POST", "/push/clients/"+stay[n][0].ID, "hello")
		tr.call(node.Name()+" client there", 50*time.Millisecond, node, "POST", "/push/clients/"+others[0].ID, "hello")
		tr.call(node.Name()+" uid", 50*time.Millisecond, node, "POST", "/push/uids/uid-1", "hello")
		tr.call(node.Name()+" clients", 100*time.Millisecond, node, "GET", "/clients?uid=uid-2&uid=uid-1", "")
		tr.call(node.Name()+" bind", 100*time.Millisecond, node, "POST", "/bind", fmt.Sprintf(`{"client_id":%q,"uid":"uid-1"}`, stay[n][1].ID))
		tr.call(node.Name()+" stats", 200*time.Millisecond, node, "GET", "/stats", "")
	}
	var refused atomic.Int64
	for n, node := range c.Nodes {
		tr.every(50*time.Millisecond, func() { _ = stay[n][rand.N(len(stay[n]))].TrySend("hello") })
		for range 2 { // clients that come and go
			tr.every(30*time.Millisecond, func() {
				began := time.Now()
				client, err := node.TryConnect(t, as(t, rand.N(10)))
				switch {
				case err == nil:
					_ = client.TrySend("I am new")
					client.Cut()
				case node == hurt:
					refused.Add(1)
				default:
					t.Errorf("%s refuses a client after %s: %v", node.Name(), time.Since(began), err)
				}
			})
		}
	}
	began := time.Now()
	wait.Stays(t, "the cluster is whole", 2*time.Second, hurt.Alive)

	how.cut()
	gone := time.Now()
	wait.For(t, "the closes of all clients that were on it", func() bool {
		all := closes(b)
		for _, client := range stay[2] {
			if len(all[client.ID]) == 0 {
				return false
			}
		}
		return true
	})
	took := time.Since(gone)
	if took > lostWithin {
		t.Errorf("the closes came after %s", took)
	}
	wait.Stays(t, "the nodes live", time.Until(gone.Add(outage(t))), func() bool { return left[0].Alive() && left[1].Alive() && hurt.Alive() })
	wasRefused := refused.Load()
	how.heal()
	healed := time.Now()
	for _, client := range stay[2] {
		client.WantClosed(t, 1001)
	}
	c.Whole(t)
	whole := time.Now()
	wait.Stays(t, "the cluster is whole", 2*time.Second, hurt.Alive)
	tr.end()
	t.Logf("all closes after %s, whole again %s after it healed, %d clients refused, %d webhooks", took, whole.Sub(healed), wasRefused, len(b.Received(func(*harness.Delivery) bool { return true })))

	if how.answers && wasRefused == 0 {
		t.Error("the node took clients as long as it was cut off")
	}
	for _, what := range tr.kinds() {
		worst := longest(tr.between(what, began, time.Now()))
		t.Logf("%s: the longest of %d took %s, %s after the cut", what, len(tr.between(what, began, time.Now())), worst.took, worst.began.Sub(gone))
		if worst.took > callLimit+haste {
			t.Errorf("%s: a call took %s", what, worst.took)
		}
	}
	for _, node := range left {
		for _, what := range []string{" client here", " uid", " clients"} {
			for _, one := range tr.between(node.Name()+what, began, gone.Add(-haste)) {
				if one.status != http.StatusOK || one.partial != "" {
					t.Errorf("%s%s before the cut: %d, without %q: %v", node.Name(), what, one.status, one.partial, one.err)
				}
			}
			for _, one := range tr.between(node.Name()+what, gone.Add(took+2*time.Second), healed) {
				if one.status != http.StatusOK || one.partial != "" {
					t.Errorf("%s%s, %s after the cut: %d, without %q: %v", node.Name(), what, one.began.Sub(gone), one.status, one.partial, one.err)
				}
			}
		}
	}
	if how.answers {
		late := func(what string) []call {
			return tr.between(hurt.Name()+what, gone.Add(lease+2*time.Second), healed)
		}
		for _, one := range late(" client here") {
			if one.status != http.StatusOK {
				t.Errorf("a push to a client of the node that is cut off itself: %d, %v", one.status, one.err)
			}
		}
		for _, one := range late(" uid") {
			if one.status != http.StatusOK || one.partial != "node-1, node-2" {
				t.Errorf("a push to a uid through the node that is cut off: %d, without %q: %v", one.status, one.partial, one.err)
			}
		}
		for _, one := range late(" client there") {
			if one.status != http.StatusServiceUnavailable || one.partial == "" {
				t.Errorf("a push to another node's client through the node that is cut off: %d, without %q: %v", one.status, one.partial, one.err)
			}
		}
	}
	if how.from != "" {
		for _, d := range b.Received(func(d *harness.Delivery) bool { return d.From == how.from }) {
			if d.At.After(gone.Add(lease+haste)) && d.At.Before(healed) {
				t.Errorf("the node that was cut off told of a %s %s after that", d.Event.Type, d.At.Sub(gone))
			}
		}
	}
	endAll(t, c)
	oneCloseForAll(t, b)
	nothingAfterClose(t, b)
}
