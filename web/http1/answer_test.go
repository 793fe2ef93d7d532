package http1

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"sync/atomic"
	"testing"
)

// counted is a listener whose connections count what is written at once.
type counted struct {
	net.Listener
	writes atomic.Int32
}

type countedConn struct {
	net.Conn
	writes *atomic.Int32
}

func (c *counted) Accept() (net.Conn, error) {
	conn, err := c.Listener.Accept()
	return countedConn{conn, &c.writes}, err
}

func (c countedConn) Write(p []byte) (int, error) {
	c.writes.Add(1)
	return c.Conn.Write(p)
}

// However a handler writes a short answer, it leaves in one piece.
func TestShortAnswersAreOneWrite(t *testing.T) {
	socket := &counted{Listener: listen(t)}
	r := run(t, patient, func(w http.ResponseWriter, _ *http.Request) {
		for range 400 {
			io.WriteString(w, "ten bytes.")
		}
	})
	second := New(r.cfg)
	t.Cleanup(second.Close)
	go second.Serve(socket)
	conn := dial(t, socket.Addr().String())
	send(t, conn, get)
	if got, _ := answered(t, bufio.NewReader(conn)); len(got) != 4000 || socket.writes.Load() != 1 {
		t.Errorf("%d bytes in %d writes", len(got), socket.writes.Load())
	}
}
