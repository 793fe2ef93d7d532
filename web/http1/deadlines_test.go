package http1

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"
)

// A peer that makes the server wait is cut off, whatever it makes it wait for.
func TestTimeouts(t *testing.T) {
	const short = 200 * time.Millisecond
	reads := func(w http.ResponseWriter, r *http.Request) {
		_, err := io.ReadAll(r.Body)
		fmt.Fprint(w, errors.Is(err, os.ErrDeadlineExceeded))
	}
	for name, tt := range map[string]struct {
		cfg         Config
		sends, want string // want is the end of what comes
	}{
		"the first byte":            {Config{Header: short}, "", ""},
		"the rest of a header":      {Config{Header: short}, "GET / HTTP/1.1\r\n", ""},
		"the rest of the second":    {Config{Header: short}, get + "GET / HTTP/1.1\r\n", "\r\n\r\nfalse"},
		"a body":                    {Config{Read: short}, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nhello", "\r\n\r\ntrue"},
		"a body behind a late head": {Config{Header: time.Minute, Read: short}, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n", "\r\n\r\ntrue"},
		"a chunk":                   {Config{Read: short}, "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nhello", "\r\n\r\ntrue"},
		"another request":           {Config{Idle: short}, get, "\r\n\r\nfalse"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tt.cfg.MaxHeaderBytes = 1 << 10
			conn := dial(t, run(t, tt.cfg, reads).addr)
			send(t, conn, tt.sends)
			if got := ended(t, conn); !strings.HasSuffix(got, tt.want) || tt.want == "" && got != "" {
				t.Errorf("got %q", got)
			}
		})
	}
}

// A byte every now and then gains no time.
func TestDrippingGainsNoTime(t *testing.T) {
	const short = 300 * time.Millisecond
	r := run(t, Config{Header: short, Read: short, Write: short, Idle: short, MaxHeaderBytes: 1 << 10},
		func(_ http.ResponseWriter, r *http.Request) { io.Copy(io.Discard, r.Body) })
	const head = "GET / HTTP/1.1\r\nX-Drips: "
	for name, sends := range map[string]string{
		"a header":                         head,
		"that of the second":               get + head,
		"that behind a body":               post + head,
		"lines between two":                post + "\r\n",
		"a body":                           "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 900000\r\n\r\n",
		"that of the second, in one piece": get + "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 900000\r\n\r\n",
		"a chunk":                          "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n90000\r\n",
		"an extension":                     "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5;",
		"a trailer":                        "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX-Drips: ",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			conn := dial(t, r.addr)
			send(t, conn, sends)
			begun := time.Now()
			go func() {
				for drip := time.Tick(short / 10); ; <-drip {
					if _, err := io.WriteString(conn, "x"); err != nil {
						return
					}
				}
			}()
			ended(t, conn)
			if took := time.Since(begun); took > within/2 {
				t.Errorf("it took %v", took)
			}
		})
	}
}

// Who reads no answers doesn't keep the server writing.
func TestWritingTimesOut(t *testing.T) {
	for name, deadline := range map[string]time.Duration{"the server's": 0, "the handler's own": 100 * time.Millisecond} {
		t.Run(name, func(t *testing.T) {
			failed := make(chan error, 1)
			cfg := patient
			if deadline == 0 {
				cfg.Write = 100 * time.Millisecond
			}
			r := run(t, cfg, func(w http.ResponseWriter, _ *http.Request) {
				if deadline > 0 {
					http.NewResponseController(w).SetWriteDeadline(time.Now().Add(deadline))
				}
				for some := make([]byte, 64<<10); ; {
					if _, err := w.Write(some); err != nil {
						failed <- err
						return
					}
				}
			})
			send(t, dial(t, r.addr), get)
			if err := await(t, failed, "an error"); !errors.Is(err, os.ErrDeadlineExceeded) {
				t.Errorf("got %v", err)
			}
		})
	}
}

// A deadline that is near enough isn't set again: a busy connection would set one for
// each request otherwise.
func TestDeadlinesAreSetSeldom(t *testing.T) {
	set := 0
	count := func(time.Time) error { set++; return nil }
	by := extend(time.Time{}, time.Minute, count)
	for range 10 {
		by = extend(by, time.Minute, count)
	}
	if left := time.Until(by); set != 1 || left < time.Minute || left > time.Minute+time.Second {
		t.Errorf("set %d times, to end in %v", set, left)
	}
	if by = extend(by, time.Second, count); set != 2 || time.Until(by) > 2*time.Second {
		t.Errorf("a nearer one: set %d times, to end in %v", set, time.Until(by))
	}
	if by = extend(by, 0, count); set != 3 || !by.IsZero() {
		t.Errorf("none: set %d times, %v", set, by)
	}
	if extend(by, 0, count); set != 3 {
		t.Error("none is set again")
	}
}

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
