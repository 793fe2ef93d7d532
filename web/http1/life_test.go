package http1

import (
	"bufio"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
)

const get = "GET / HTTP/1.1\r\nHost: x\r\n\r\n"

// answered reads one answer, whose body it returns.
func answered(t testing.TB, reader *bufio.Reader) (body string, last bool) {
	t.Helper()
	response, err := http.ReadResponse(reader, nil)
	if err != nil {
		t.Fatal(err)
	}
	all, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(all), response.Close
}

// ended waits for the server to close a connection, and gives what came before.
func ended(t testing.TB, conn net.Conn) string {
	t.Helper()
	got, err := io.ReadAll(conn)
	if errors.Is(err, os.ErrDeadlineExceeded) {
		t.Fatalf("the connection is still open after %v", within)
	}
	return string(got)
}

func TestAPanicCostsItsConnection(t *testing.T) {
	r := run(t, patient, func(_ http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/quietly" {
			panic(http.ErrAbortHandler)
		}
		r.Context().Done() // somebody waits
		panic("on purpose")
	})
	conn := dial(t, r.addr)
	send(t, conn, strings.Replace(get, "/", "/quietly", 1))
	if got := ended(t, conn); got != "" || r.log.String() != "" {
		t.Errorf("quietly: got %q, log %s", got, r.log)
	}
	conn = dial(t, r.addr)
	send(t, conn, get)
	if got := ended(t, conn); got != "" || !strings.Contains(r.log.String(), "on purpose") {
		t.Errorf("got %q, log %s", got, r.log)
	}
}

// flaky is a listener that can't accept at first.
type flaky struct {
	net.Listener
	failures atomic.Int32
}

func (f *flaky) Accept() (net.Conn, error) {
	if f.failures.Add(-1) >= 0 {
		return nil, &net.OpError{Op: "accept", Err: os.NewSyscallError("accept4", syscall.EMFILE)}
	}
	return f.Listener.Accept()
}

func TestTooManyOpenFilesPass(t *testing.T) {
	socket := &flaky{Listener: listen(t)}
	socket.failures.Store(3)
	r := run(t, patient, func(http.ResponseWriter, *http.Request) {})
	second := New(r.cfg)
	t.Cleanup(second.Close)
	go second.Serve(socket)
	conn := dial(t, socket.Addr().String())
	send(t, conn, get)
	answered(t, bufio.NewReader(conn))
	if !strings.Contains(r.log.String(), "too many open files") {
		t.Errorf("the log says %q", r.log)
	}
}

func TestServeEndsWithItsListener(t *testing.T) {
	r := run(t, patient, func(http.ResponseWriter, *http.Request) {})
	socket := listen(t)
	socket.Close()
	if err := New(r.cfg).Serve(socket); !errors.Is(err, net.ErrClosed) {
		t.Errorf("got %v", err)
	}
	stopped := New(r.cfg)
	if err := stopped.Shutdown(soon(t)); err != nil {
		t.Error(err)
	}
	if err := stopped.Serve(listen(t)); err != http.ErrServerClosed {
		t.Errorf("after Shutdown: got %v", err)
	}
}

// What keeps one connection from being accepted doesn't end the listener.
func TestAcceptPasses(t *testing.T) {
	for errno, want := range map[syscall.Errno]bool{
		syscall.EMFILE: true, syscall.ENFILE: true, syscall.ENOBUFS: true, syscall.ENOMEM: true, // there are too many
		syscall.ECONNABORTED: true, syscall.ECONNRESET: true, // the peer has gone
		syscall.EBADF: false, syscall.EINVAL: false,
	} {
		if got := passes(&net.OpError{Op: "accept", Err: os.NewSyscallError("accept4", errno)}); got != want {
			t.Errorf("%v: got %v", errno, got)
		}
	}
}
