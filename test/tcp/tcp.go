// Package tcp gives tests listeners, addresses and connections.
package tcp

import (
	"fmt"
	"math/rand/v2"
	"net"
	"sync/atomic"
	"testing"
)

// Ports below those that the system hands out: no connection takes one before it is
// listened at, or while it isn't for a while. No two tests of a process have the same.
const firstPort, manyPorts = 10_000, 20_000

var lastPort atomic.Uint32

func init() { lastPort.Store(rand.Uint32N(manyPorts)) }

// Listen listens on a host's address, at a port that stays free when it ends.
func Listen(t testing.TB, host string) net.Listener {
	t.Helper()
	for range manyPorts {
		port := firstPort + lastPort.Add(1)%manyPorts
		if l, err := net.Listen("tcp", net.JoinHostPort(host, fmt.Sprint(port))); err == nil {
			return l
		}
	}
	t.Fatalf("no port is free on %s", host)
	return nil
}

// FreePort is a port of the loopback's that nobody listens at yet.
func FreePort(t testing.TB) int {
	t.Helper()
	l := Listen(t, "127.0.0.1")
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

// FreeAddr is FreePort as host:port.
func FreeAddr(t testing.TB) string {
	t.Helper()
	return fmt.Sprintf("127.0.0.1:%d", FreePort(t))
}

// Pair is the two ends of a connection, as its listener and its dialler have them. They
// are closed with the test.
func Pair(t testing.TB) (accepted, dialled *net.TCPConn) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	ends := [2]net.Conn{}
	if ends[1], err = net.Dial("tcp", l.Addr().String()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ends[1].Close() })
	if ends[0], err = l.Accept(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ends[0].Close() })
	return ends[0].(*net.TCPConn), ends[1].(*net.TCPConn)
}
