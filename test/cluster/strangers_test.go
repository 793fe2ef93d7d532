package cluster

import (
	"crypto/rand"
	"crypto/tls"
	"net"
	"testing"
	"time"

	"gatepost/test/harness"
	"gatepost/test/tcp"
	"gatepost/test/wait"
)

// A node with another secret isn't let in, whoever dials: both say so, and each side
// goes on by itself.
func TestAnotherSecretIsRefused(t *testing.T) {
	t.Parallel()
	c := harness.StartCluster(t, 2, nil)
	other := harness.Launch(t, harness.Env{
		"GATEPOST_NODE": "other", "GATEPOST_SECRET": "another-secret-of-quite-sufficient-length",
		"GATEPOST_CLUSTER_LISTEN": tcp.FreeAddr(t), "GATEPOST_CLUSTER_PEERS": c.Nodes[0].Route() + "," + c.Nodes[1].Route(),
	})
	other.Listening(t)
	wait.For(t, "both sides say that the route was refused", func() bool {
		return other.Log.Has("a route was refused", "GATEPOST_SECRET") && c.Nodes[0].Log.Has("a route was refused", "GATEPOST_SECRET")
	})
	wait.For(t, "it is a cluster of its own", func() bool { return harness.Get(t, other.Addr, "/readyz").Status == 200 })
	client := other.Connect(t, harness.Dial{})
	c.Nodes[0].API(t, "push").WantProblem(404, "client_gone", "POST", "/push/clients/"+client.ID, "hello", "content-type", "text/plain")
	wait.Stays(t, "the cluster has two nodes", 3*time.Second, func() bool { return c.Nodes[0].Hears(t) == 2 && c.Nodes[1].Hears(t) == 2 })
	if n := c.Nodes[0].Log.Count("a route was refused"); n > 2 {
		t.Errorf("it is told %d times that a route was refused", n)
	}
}

// What isn't a node at all, at the port of the routes, is refused, told and without
// effect.
func TestStrangersAtTheRoutePort(t *testing.T) {
	t.Parallel()
	c := harness.StartCluster(t, 2, nil)
	node := c.Nodes[0]
	noise := make([]byte, 64<<10)
	_, _ = rand.Read(noise)
	for _, what := range [][]byte{
		nil, // a scan
		[]byte("GET / HTTP/1.1\r\nhost: a\r\n\r\n"), []byte("CONNECT {\"verbose\":false}\r\nPING\r\nPUB gatepost.x.all 2\r\nhi\r\n"),
		[]byte("INFO {\"server_id\":\"x\",\"name\":\"node-9\"}\r\n"), noise,
	} {
		for range 20 {
			conn, err := net.DialTimeout("tcp", node.Route(), wait.Patience)
			if err != nil {
				t.Fatal(err)
			}
			_ = conn.SetDeadline(time.Now().Add(wait.Patience))
			_, _ = conn.Write(what)
			conn.Close()
		}
	}
	// TLS, but no certificate; the handshake of TLS 1.3 fails at the first read.
	dialer := &net.Dialer{Timeout: wait.Patience}
	conn, err := tls.DialWithDialer(dialer, "tcp", node.Route(), &tls.Config{InsecureSkipVerify: true}) //nolint:gosec // it is a stranger
	if err == nil {
		_ = conn.SetReadDeadline(time.Now().Add(wait.Patience))
		if n, err := conn.Read(make([]byte, 1)); err == nil {
			t.Errorf("a stranger with TLS reads %d bytes", n)
		}
		conn.Close()
	}
	wait.For(t, "it says that a route was refused", func() bool { return node.Log.Has("a route was refused") })
	c.Whole(t)
	client := c.Nodes[1].Connect(t, harness.Dial{})
	node.API(t, "push").Want(200, `{"matched":1,"queued":1,"dropped":0}`, "POST", "/push/clients/"+client.ID, "hello", "content-type", "text/plain")
	client.WantText(t, "hello")
	if n := node.Log.Count("cluster:"); n > 20 {
		t.Errorf("%d lines of log of 100 strangers", n)
	}
}
