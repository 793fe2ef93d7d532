//go:build !race

package ws

import (
	"bytes"
	"errors"
	"io"
	"net"
	"testing"

	"gatepost/hub"
)

// What a connection allocates from its request to its end is bounded, the parts of
// net/http, melody and gorilla included: an idle client's memory is as much as it keeps
// of that, and garbage is a fifth of what a connect costs.
func TestAConnectionAllocates(t *testing.T) {
	const most = 116
	r := newRig(t, hub.Options{}, nil)
	request := []byte("GET /ws HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
		"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n")
	goodbye := []byte{0x88, 0x82, 0, 0, 0, 0, 0x03, 0xe8}
	answer := make([]byte, 4096)
	connect := func() {
		conn, err := net.Dial("tcp", r.addr)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		if _, err := conn.Write(request); err != nil {
			t.Fatal(err)
		}
		size, err := conn.Read(answer)
		if err != nil || !bytes.HasPrefix(answer[:size], []byte("HTTP/1.1 101")) {
			t.Fatalf("%q, %v", answer[:size], err)
		}
		if _, err := conn.Write(goodbye); err != nil {
			t.Fatal(err)
		}
		for err == nil {
			_, err = conn.Read(answer)
		}
		if !errors.Is(err, io.EOF) {
			t.Fatal(err)
		}
	}
	if got := testing.AllocsPerRun(200, connect); got > most {
		t.Errorf("a connection allocates %.0f times; want at most %d", got, most)
	} else {
		t.Logf("a connection allocates %.0f times", got)
	}
}
