//go:build !race

package api_test

import (
	"fmt"
	"net"
	"strings"
	"testing"

	"gatepost/protocol"
)

// takesAll is a client's connection that takes all that is written.
type takesAll struct{ net.Conn }

func (takesAll) Write(p []byte) (int, error) { return len(p), nil }
func (takesAll) Close() error                { return nil }

// What a push to one client allocates is bounded, that of reading the request, some
// 15 of them, included.
func TestPushAllocates(t *testing.T) {
	const most = 28
	n := start(t)
	admission, err := n.gw.Connect(t.Context(), &protocol.Handshake{Request: protocol.Request{Path: "/ws"}})
	if err != nil {
		t.Fatal(err)
	}
	n.gw.Open(admission.Client, takesAll{}, nil, "")

	conn, err := net.Dial("tcp", strings.TrimPrefix(n.base, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	request := fmt.Appendf(nil, "POST /push/clients/%s HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\n"+
		"Content-Type: text/plain\r\nContent-Length: 5\r\n\r\nhello", admission.Client.ID(), n.token("push"))
	answer := make([]byte, 4096)
	push := func() {
		if _, err := conn.Write(request); err != nil {
			t.Fatal(err)
		}
		size, err := conn.Read(answer)
		if err != nil || !strings.HasPrefix(string(answer[:size]), "HTTP/1.1 200") {
			t.Fatalf("%q, %v", answer[:size], err)
		}
	}
	push() // the token is cached then
	if got := testing.AllocsPerRun(200, push); got > most {
		t.Errorf("a push allocates %.0f times; want at most %d", got, most)
	} else {
		t.Logf("a push allocates %.0f times", got)
	}
}
