package http1

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	"gatepost/socket"
)

// Calls for little don't tell the scheduler, from the second request on. A long body is
// read in net's way: what follows may take long, and others must have their turn.
func TestLongBodiesAreReadInNetsWay(t *testing.T) {
	if !socket.Here {
		t.Skip("there are no other calls here")
	}
	var r *rig
	r = run(t, patient, func(w http.ResponseWriter, q *http.Request) {
		n, err := io.Copy(io.Discard, q.Body)
		_, nets := r.open()[0].wire.(*net.TCPConn)
		fmt.Fprint(w, n, err, nets)
	})
	conn := dial(t, r.addr)
	reader := bufio.NewReader(conn)
	for i, tt := range []struct {
		size int
		nets bool
	}{{0, true}, {0, false}, {readerSize, false}, {readerSize + 1, true}, {0, false}, {200_000, true}} {
		send(t, conn, fmt.Sprintf("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%s", tt.size, strings.Repeat("x", tt.size)))
		if got, _ := answered(t, reader); got != fmt.Sprint(tt.size, error(nil), tt.nets) {
			t.Errorf("request %d, of %d bytes: got %q", i, tt.size, got)
		}
	}
	send(t, conn, "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n")
	if got, _ := answered(t, reader); got != "1 <nil> true" {
		t.Errorf("in chunks: got %q", got)
	}
}
