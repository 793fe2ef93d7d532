//go:build !race

package http1

import (
	"io"
	"net/http"
	"testing"
)

// What a request allocates is bounded, most of it the parser's. net/http's server
// makes half as much again.
func TestRequestsAllocate(t *testing.T) {
	answer := []byte("answer")
	body := make([]byte, 16)
	handler := func(w http.ResponseWriter, r *http.Request) {
		if r.ContentLength > 0 {
			io.ReadFull(r.Body, body)
		}
		w.Write(answer)
	}
	here, there := run(t, patient, handler).addr, netHTTP(t, handler)
	for _, tt := range []struct {
		request string
		most    float64
	}{
		{"GET /a HTTP/1.1\r\nHost: x\r\n\r\n", 8},
		{"POST /a HTTP/1.1\r\nHost: x\r\nContent-Type: text/plain\r\nAuthorization: token\r\nContent-Length: 5\r\n\r\nhello", 13},
	} {
		if got := allocations(t, here, tt.request); got > tt.most {
			t.Errorf("%.30q: %v allocations; want at most %v", tt.request, got, tt.most)
		} else {
			t.Logf("%.30q: %v allocations, net/http's server makes %v", tt.request, got, allocations(t, there, tt.request))
		}
	}
}

func allocations(t *testing.T, addr, request string) float64 {
	conn := dial(t, addr)
	sent, got := []byte(request), make([]byte, 4<<10)
	return testing.AllocsPerRun(1000, func() {
		if _, err := conn.Write(sent); err != nil {
			t.Fatal(err)
		}
		if _, err := conn.Read(got); err != nil {
			t.Fatal(err)
		}
	})
}
