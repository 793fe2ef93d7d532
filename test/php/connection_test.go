package php

import (
	"io"
	"net"
	"sync/atomic"
	"testing"
	"time"

	"gatepost/test/harness"
)

// A thousand calls of the facade in one PHP process travel on one connection.
func TestThousandCallsKeepOneConnection(t *testing.T) {
	node := harness.Start(t, nil)
	relay := newRelay(t, node.Addr)
	run(t, time.Minute, []string{"GATEPOST_URL=http://" + relay.addr, "GATEPOST_SECRET=" + harness.Secret},
		"php", "bench/calls.php", "mixed")
	if got := relay.accepted.Load(); got != 1 {
		t.Errorf("1,000 calls took %d connections, want 1", got)
	}
	if got := node.Metric(t, "gatepost_api_requests_total"); got != 1000 {
		t.Errorf("the node counts %v calls, want 1000", got)
	}
}

// What a call costs is printed, not judged: the machine may be busy.
func TestCostOfACall(t *testing.T) {
	node := harness.Start(t, nil)
	t.Log(run(t, time.Minute, []string{"GATEPOST_URL=http://" + node.Addr, "GATEPOST_SECRET=" + harness.Secret},
		"php", "bench/calls.php", "compare"))
}

// relay passes connections on to a node, and counts them.
type relay struct {
	addr     string
	accepted atomic.Int64
}

func newRelay(t *testing.T, to string) *relay {
	t.Helper()
	socket, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { socket.Close() })
	r := &relay{addr: socket.Addr().String()}
	go func() {
		for {
			conn, err := socket.Accept()
			if err != nil {
				return
			}
			r.accepted.Add(1)
			go pass(conn, to)
		}
	}()
	return r
}

func pass(from net.Conn, addr string) {
	defer from.Close()
	to, err := net.Dial("tcp", addr)
	if err != nil {
		return
	}
	defer to.Close()
	go func() {
		_, _ = io.Copy(to, from)
		to.Close()
	}()
	_, _ = io.Copy(from, to)
}
