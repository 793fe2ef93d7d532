package test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"testing"
	"time"

	"gatepost/test/harness"
	"gatepost/test/wait"
)

// dialFrom connects to a node from 127.0.0.host.
func dialFrom(t testing.TB, node *harness.Node, host byte) net.Conn {
	t.Helper()
	d := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, host)}, Timeout: wait.Patience}
	conn, err := d.Dial("tcp", node.Addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	_ = conn.SetDeadline(time.Now().Add(wait.Patience))
	return conn
}

// openFiles is how many files a node has open.
func openFiles(t testing.TB, node *harness.Node) int {
	t.Helper()
	files, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", node.PID()))
	if err != nil {
		t.Fatal(err)
	}
	return len(files)
}

// A stranger's connections on which nothing is done keep nobody from the node, however many
// they are and whatever was sent on them: who kept a connection keeps it, others get in,
// and webhooks and the store have their files.
func TestIdleConnectionsKeepNobodyOut(t *testing.T) {
	t.Parallel()
	for name, part := range map[string]string{
		"silent":         "",
		"half a header":  "GET /healthz HTTP/1.1\r\nHost: x\r\nX-Ha",
		"half a body":    "POST /push/all HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nhalf",
		"after a call":   "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n",
		"without a turn": "GET /ws HTTP/1.1\r\nHost: x\r\n\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			backend := harness.NewBackend(t, echo)
			node := harness.Start(t, backend.Env(harness.Env{harness.OpenFiles: "256"}))
			caller := dialFrom(t, node, 2)
			answers := bufio.NewReader(caller)
			call := func() {
				t.Helper()
				if _, err := fmt.Fprintf(caller, "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"); err != nil {
					t.Fatalf("the kept connection is closed: %v", err)
				}
				answer, err := http.ReadResponse(answers, nil)
				if err != nil {
					t.Fatalf("the kept connection is closed: %v", err)
				}
				_, _ = io.Copy(io.Discard, answer.Body)
			}
			call()
			for range 600 {
				_, _ = io.WriteString(dialFrom(t, node, 3), part) // it may be closed already
			}
			call()
			for range 5 {
				client := node.Connect(t, harness.Dial{})
				client.Send(t, "hello")
				client.WantText(t, "hello")
			}
			node.Healthy(t, harness.Dial{})
			if files := openFiles(t, node); files > 256-30 {
				t.Errorf("the node has %d files open", files)
			}
			if node.Log.Has("too many open files") || !node.Log.Has("too many connections that are no client's", "127.0.0.3") {
				t.Errorf("the log says\n%s", node.Log)
			}
			if n := node.Metric(t, "gatepost_http_connections_dropped_total", `limit="node"`, `connection="idle"`); n < 300 {
				t.Errorf("%v idle connections were dropped", n)
			}
		})
	}
}

// GATEPOST_MAX_CONNECTIONS_PER_IP counts connections that are no client's too, and clients
// come before them.
func TestConnectionsOfOneAddress(t *testing.T) {
	t.Parallel()
	const limit = 4
	node := harness.Start(t, harness.Env{"GATEPOST_MAX_CONNECTIONS_PER_IP": fmt.Sprint(limit)})
	open := func() float64 { return node.Metric(t, "gatepost_http_connections") }
	var idle []net.Conn
	for range 3 * limit {
		idle = append(idle, dialFrom(t, node, 1))
	}
	for _, conn := range idle[:2*limit] {
		if _, err := conn.Read(make([]byte, 1)); err != io.EOF {
			t.Fatalf("%v, want the longest idle closed", err)
		}
	}
	if n := open(); n != limit {
		t.Errorf("%v connections are open, want %d", n, limit)
	}
	for i := range limit {
		node.Connect(t, harness.Dial{})
		wait.For(t, "a client takes an idle connection's place", func() bool { return open() <= float64(limit-i-1) })
	}
	_, err := node.TryConnect(t, harness.Dial{})
	wantRefused(t, err, http.StatusServiceUnavailable, "address")
	if answer := harness.Get(t, node.Addr, "/healthz"); answer.Status != http.StatusOK {
		t.Errorf("a call beside %d clients of its address answers %d", limit, answer.Status)
	}
	dialFrom(t, node, 2)

	trusting := harness.Start(t, harness.Env{"GATEPOST_MAX_CONNECTIONS_PER_IP": "1", "GATEPOST_TRUSTED_PROXIES": "127.0.0.0/8"})
	for range 10 {
		dialFrom(t, trusting, 1)
	}
	wait.For(t, "a proxy's connections aren't counted", func() bool { return trusting.Metric(t, "gatepost_http_connections") == 10 })
}
