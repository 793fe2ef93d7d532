package http1

import (
	"context"
	"io"
	"net"
	"net/http"
	"testing"
	"time"

	"gatepost/test/logs"
)

// within bounds every wait of the tests for something that is to happen.
const within = 10 * time.Second

// patient are time-outs that no test reaches.
var patient = Config{Header: time.Minute, Read: time.Minute, Write: time.Minute, Idle: time.Minute, MaxHeaderBytes: 8 << 10}

// rig is a server that runs.
type rig struct {
	*Server
	addr   string
	served chan error
	log    *logs.Log
}

// run starts a server, which ends with the test.
func run(t testing.TB, cfg Config, handler http.HandlerFunc) *rig {
	t.Helper()
	r := &rig{served: make(chan error, 1), log: &logs.Log{}}
	cfg.Handler, cfg.Log = handler, r.log.Logger()
	r.Server = New(cfg)
	socket := listen(t)
	r.addr = socket.Addr().String()
	go func() { r.served <- r.Serve(socket) }()
	t.Cleanup(func() {
		r.Close()
		if err := <-r.served; err != http.ErrServerClosed {
			t.Errorf("Serve: %v", err)
		}
	})
	return r
}

func listen(t testing.TB) net.Listener {
	t.Helper()
	socket, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return socket
}

// dial connects; whatever is done with the connection has to be over within so long.
func dial(t testing.TB, addr string) *net.TCPConn {
	t.Helper()
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(within)); err != nil {
		t.Fatal(err)
	}
	return conn.(*net.TCPConn)
}

func send(t testing.TB, conn io.Writer, text string) {
	t.Helper()
	if _, err := io.WriteString(conn, text); err != nil {
		t.Fatal(err)
	}
}

// await waits for a channel to be closed, or for a value.
func await[T any](t testing.TB, c <-chan T, what string) (v T) {
	t.Helper()
	select {
	case v = <-c:
	case <-time.After(within):
		t.Fatalf("%s: not within %v", what, within)
	}
	return v
}

func soon(t testing.TB) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), within)
	t.Cleanup(cancel)
	return ctx
}
