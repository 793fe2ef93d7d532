package harness

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"strings"
	"syscall"
	"testing"

	"gatepost/test/tcp"
	"gatepost/test/wait"
)

// Cluster is several nodes that know each other: "node-1" and so on.
type Cluster struct {
	Nodes []*Node
}

// StartCluster runs n nodes that are routed to each other, with this environment over
// the harness's own, and waits until all of them are one cluster.
func StartCluster(t testing.TB, n int, env Env) *Cluster {
	t.Helper()
	routes := make([]string, n)
	for i := range n {
		routes[i] = tcp.FreeAddr(t)
	}
	return startCluster(t, n, func(i int) Env {
		return Env{"GATEPOST_CLUSTER_LISTEN": routes[i], "GATEPOST_CLUSTER_PEERS": strings.Join(routes, ",")}
	}, env)
}

// StartClusterOn runs n nodes that find each other over an external NATS.
func StartClusterOn(t testing.TB, url string, n int, env Env) *Cluster {
	t.Helper()
	return startCluster(t, n, func(int) Env { return Env{"GATEPOST_NATS_URL": url} }, env)
}

func startCluster(t testing.TB, n int, own func(i int) Env, env Env) *Cluster {
	t.Helper()
	c := &Cluster{}
	for i := range n {
		all := own(i)
		all["GATEPOST_NODE"] = fmt.Sprintf("node-%d", i+1)
		maps.Copy(all, env)
		c.Nodes = append(c.Nodes, Launch(t, all))
	}
	for _, node := range c.Nodes {
		node.Listening(t)
	}
	c.Whole(t)
	return c
}

// StartClusterIn runs a node in each namespace of a network, routed to each other, or on
// the NATS at this URL where it isn't empty.
func StartClusterIn(t testing.TB, w *Network, nats string, env Env) *Cluster {
	t.Helper()
	return startCluster(t, len(w.names), func(i int) Env {
		own := w.Env(i)
		if nats != "" {
			own["GATEPOST_NATS_URL"] = nats
		} else {
			maps.Copy(own, w.Routes(i))
		}
		return own
	}, env)
}

// Whole waits until each node is ready and hears all others, of those that run.
func (c *Cluster) Whole(t testing.TB) {
	t.Helper()
	alive := 0
	for _, node := range c.Nodes {
		if node.Alive() {
			alive++
		}
	}
	for _, node := range c.Nodes {
		if node.Alive() {
			wait.For(t, node.Name()+" is one of a whole cluster", func() bool {
				return Get(t, node.Addr, "/readyz").Status == http.StatusOK && node.Hears(t) == alive
			})
		}
	}
}

// Name is the GATEPOST_NODE of a node that was given one.
func (n *Node) Name() string { return n.env["GATEPOST_NODE"] }

// Route is where the other nodes reach this one.
func (n *Node) Route() string { return n.env["GATEPOST_CLUSTER_LISTEN"] }

// Stop tells the node to end and waits until it has, in order.
func (n *Node) Stop(t testing.TB) {
	t.Helper()
	n.Signal(syscall.SIGTERM)
	if status := n.Exit(wait.Patience); status != 0 {
		t.Fatalf("%s ended with status %d", n.Name(), status)
	}
}

// Hears is how many nodes answer this one, itself among them; fewer than none where
// some member doesn't.
func (n *Node) Hears(t testing.TB) (nodes int) {
	t.Helper()
	for _, node := range n.Members(t) {
		if node.Silent {
			return -1
		}
		nodes++
	}
	return nodes
}

// Member is a node as another one shows it.
type Member struct {
	Node    string
	Clients int
	Silent  bool
}

// Members are the nodes of the cluster as this one shows them.
func (n *Node) Members(t testing.TB) []Member {
	t.Helper()
	var stats struct{ Nodes []Member }
	r := n.API(t, "read").Want(http.StatusOK, "", "GET", "/stats", "")
	if err := json.Unmarshal(r.Body, &stats); err != nil {
		t.Fatal(err)
	}
	return stats.Nodes
}
