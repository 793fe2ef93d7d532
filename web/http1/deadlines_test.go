package http1

import (
	"errors"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"
)

// Deadlines can be set while another goroutine reads or writes: that is how reading and
// writing are ended from outside.
func TestDeadlinesEndWhatIsUnderWay(t *testing.T) {
	failed := make(chan error, 1)
	r := run(t, patient, func(w http.ResponseWriter, r *http.Request) {
		control, begun := http.NewResponseController(w), make(chan struct{})
		go func() {
			<-begun
			long := time.Unix(1, 0)
			if err := errors.Join(control.SetReadDeadline(long), control.SetWriteDeadline(long)); err != nil {
				t.Error(err)
			}
		}()
		if r.URL.Path == "/reads" {
			io.ReadFull(r.Body, make([]byte, 5))
			close(begun)
			_, err := io.ReadAll(r.Body)
			failed <- err
			return
		}
		some := make([]byte, 64<<10)
		_, err := w.Write(some)
		for close(begun); err == nil; {
			_, err = w.Write(some)
		}
		failed <- err
	})
	for name, request := range map[string]string{
		"reading": "POST /reads HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nhello",
		"writing": get,
	} {
		t.Run(name, func(t *testing.T) {
			send(t, dial(t, r.addr), request)
			if err := await(t, failed, "an error"); !errors.Is(err, os.ErrDeadlineExceeded) {
				t.Errorf("got %v", err)
			}
		})
	}
}

// A handler's own deadline for writing stands, also where the server writes first.
func TestAHandlersDeadlineStands(t *testing.T) {
	r := run(t, patient, func(w http.ResponseWriter, r *http.Request) {
		if err := http.NewResponseController(w).SetWriteDeadline(time.Unix(1, 0)); err != nil {
			t.Error(err)
		}
		if _, err := io.ReadAll(r.Body); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("got %v", err)
		}
	})
	conn := dial(t, r.addr)
	send(t, conn, "POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n")
	if got := ended(t, conn); got != "" {
		t.Errorf("got %q", got)
	}
}

// It isn't that of the request behind it, not even of one that can't be read.
func TestAHandlersDeadlineEndsWithItsRequest(t *testing.T) {
	r := run(t, patient, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/first" {
			http.NewResponseController(w).Flush()
			http.NewResponseController(w).SetWriteDeadline(time.Unix(1, 0))
		}
	})
	for _, second := range []string{get, "nonsense\r\n\r\n"} {
		conn := dial(t, r.addr)
		send(t, conn, "HEAD /first HTTP/1.1\r\nHost: x\r\n\r\n"+second)
		conn.CloseWrite()
		if got := ended(t, conn); strings.Count(got, "HTTP/1.1") != 2 {
			t.Errorf("%.10q: got %q", second, got)
		}
	}
}
