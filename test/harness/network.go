package harness

import (
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"sync/atomic"
	"testing"
)

// Namespace as a name in an Env runs the node in this network namespace.
const Namespace = "ip netns exec"

// Network is a namespace for each node of a cluster, with two interfaces: one for what
// is between the nodes, which can be cut, and one for clients, API and backend.
type Network struct {
	names  []string
	tag    string
	middle int // of all addresses here: 198.18.middle.* between nodes, 198.19.middle.* for the others
}

// networks counts them, from a number that is most often another one in another run: two
// at a time that had the same addresses would reach each other's nodes.
var (
	networks     atomic.Uint32
	firstNetwork = rand.Uint32N(250)
)

// NewNetwork makes namespaces for n nodes, until the test's end. Only root may, on
// Linux: without, the test is skipped.
func NewNetwork(t testing.TB, n int) *Network {
	t.Helper()
	if os.Getuid() != 0 {
		t.Skip("network namespaces are made by root only")
	}
	w := &Network{tag: fmt.Sprintf("gp%05x", rand.N(1<<20)), middle: 1 + int((firstNetwork+networks.Add(1))%250)}
	t.Cleanup(w.remove)
	for _, bridge := range []string{"r", "c"} {
		// With a hardware address of its own: else it has that of one of its ports, and
		// another one when that is cut, which the nodes would learn much later.
		ip(t, "link", "add", w.tag+bridge, "address", fmt.Sprintf("02:00:5e:%02x:%02x:%02x", bridge[0], w.middle, rand.N(256)), "type", "bridge")
		ip(t, "address", "add", w.address(bridge, 254)+"/24", "dev", w.tag+bridge)
		ip(t, "link", "set", w.tag+bridge, "up")
	}
	for i := range n {
		name := fmt.Sprint(w.tag, "n", i)
		ip(t, "netns", "add", name)
		w.names = append(w.names, name)
		ip(t, "-n", name, "link", "set", "lo", "up")
		for _, bridge := range []string{"r", "c"} {
			ip(t, "link", "add", w.port(bridge, i), "type", "veth", "peer", "name", bridge, "netns", name)
			ip(t, "link", "set", w.port(bridge, i), "master", w.tag+bridge, "up")
			ip(t, "-n", name, "address", "add", w.address(bridge, i+1)+"/24", "dev", bridge)
			ip(t, "-n", name, "link", "set", bridge, "up")
		}
	}
	return w
}

// port is the end of a node's interface at the bridge.
func (w *Network) port(bridge string, i int) string { return fmt.Sprint(w.tag, bridge, i) }

func (w *Network) address(bridge string, host int) string {
	return fmt.Sprintf("198.%d.%d.%d", map[string]int{"r": 18, "c": 19}[bridge], w.middle, host)
}

// Middle is the test's own address between the nodes, for a NATS server.
func (w *Network) Middle() string { return w.address("r", 254) }

// Outside is the test's own address for clients and backends.
func (w *Network) Outside() string { return w.address("c", 254) }

// Client is the address from which a node calls its backend, and takes its clients.
func (w *Network) Client(i int) string { return w.address("c", i+1) }

// Env is what puts a node there.
func (w *Network) Env(i int) Env {
	return Env{Namespace: w.names[i], "GATEPOST_ADDR": w.Client(i) + ":0", "GATEPOST_ADMIN_ADDR": w.Client(i) + ":0"}
}

// Routes is what joins the nodes by routes.
func (w *Network) Routes(i int) Env {
	var peers []string
	for j := range w.names {
		peers = append(peers, w.address("r", j+1)+":6222")
	}
	return Env{"GATEPOST_CLUSTER_LISTEN": peers[i], "GATEPOST_CLUSTER_PEERS": strings.Join(peers, ",")}
}

// Cut takes a node from what is between the nodes, silently: what is sent vanishes.
func (w *Network) Cut(t testing.TB, i int) {
	t.Helper()
	ip(t, "link", "set", w.port("r", i), "nomaster")
}

// Heal undoes Cut.
func (w *Network) Heal(t testing.TB, i int) {
	t.Helper()
	ip(t, "link", "set", w.port("r", i), "master", w.tag+"r")
}

// Part cuts two nodes from each other, silently, and from nobody else; on is false to
// undo that.
func (w *Network) Part(t testing.TB, i, j int, on bool) {
	t.Helper()
	isolated := map[bool]string{true: "on", false: "off"}[on]
	for _, k := range []int{i, j} {
		ip(t, "link", "set", w.port("r", k), "type", "bridge_slave", "isolated", isolated)
	}
}

// remove takes all of it away. The interfaces would go with the namespaces, but only
// once the last of their connections has timed out.
func (w *Network) remove() {
	for i, name := range w.names {
		for _, bridge := range []string{"r", "c"} {
			_ = exec.Command("ip", "link", "delete", w.port(bridge, i)).Run()
		}
		_ = exec.Command("ip", "netns", "delete", name).Run()
	}
	for _, bridge := range []string{"r", "c"} {
		_ = exec.Command("ip", "link", "delete", w.tag+bridge).Run()
	}
}

func ip(t testing.TB, args ...string) {
	t.Helper()
	if out, err := exec.Command("ip", args...).CombinedOutput(); err != nil {
		t.Fatalf("ip %s: %v: %s", strings.Join(args, " "), err, out)
	}
}
