package http1

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
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

func TestShutdown(t *testing.T) {
	begun, go1 := make(chan struct{}), make(chan struct{})
	r := run(t, patient, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/slow" {
			close(begun)
			<-go1
		}
		io.WriteString(w, "done")
	})
	idle, slow := dial(t, r.addr), dial(t, r.addr)
	send(t, idle, get)
	answered(t, bufio.NewReader(idle))
	send(t, slow, "GET /slow HTTP/1.1\r\nHost: x\r\n\r\n")
	await(t, begun, "the slow request")
	over := make(chan error, 1)
	go func() { over <- r.Shutdown(soon(t)) }()
	if got := ended(t, idle); got != "" {
		t.Errorf("an idle connection got %q", got)
	}
	select {
	case err := <-over:
		t.Fatalf("Shutdown didn't wait: %v", err)
	default:
	}
	close(go1)
	if body, last := answered(t, bufio.NewReader(slow)); body != "done" || !last {
		t.Errorf("the slow request: got %q, last %v", body, last)
	}
	if err := await(t, over, "Shutdown"); err != nil {
		t.Error(err)
	}
	if _, err := net.Dial("tcp", r.addr); err == nil {
		t.Error("it listens still")
	}
}

// A connection on which nothing has come yet may be about to carry a request.
func TestShutdownLeavesFreshConnectionsTheirTime(t *testing.T) {
	r := run(t, patient, func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "done") })
	fresh := dial(t, r.addr)
	for len(r.open()) == 0 { // until it is accepted
		time.Sleep(time.Millisecond)
	}
	over := make(chan error, 1)
	go func() { over <- r.Shutdown(soon(t)) }()
	await(t, r.stopped, "the end")
	send(t, fresh, get)
	if body, last := answered(t, bufio.NewReader(fresh)); body != "done" || !last {
		t.Errorf("got %q, last %v", body, last)
	}
	if err := await(t, over, "Shutdown"); err != nil {
		t.Error(err)
	}
}

// But it isn't waited for as a request is: a node has a second to stop in.
func TestShutdownGivesUpSilentConnections(t *testing.T) {
	r := run(t, patient, func(http.ResponseWriter, *http.Request) {})
	silent := dial(t, r.addr)
	for len(r.open()) == 0 { // until it is accepted
		time.Sleep(time.Millisecond)
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	if err := r.Shutdown(ctx); err != nil {
		t.Error(err)
	}
	if got := ended(t, silent); got != "" {
		t.Errorf("got %q", got)
	}
}

func TestShutdownCutsOffWhenItsContextEnds(t *testing.T) {
	hangs := make(chan struct{})
	defer close(hangs)
	begun := make(chan struct{})
	r := run(t, patient, func(http.ResponseWriter, *http.Request) { close(begun); <-hangs })
	conn := dial(t, r.addr)
	send(t, conn, get)
	await(t, begun, "the request")
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := r.Shutdown(ctx); !errors.Is(err, context.Canceled) || !strings.Contains(err.Error(), "cut off: 1") {
		t.Errorf("got %v", err)
	}
	if got := ended(t, conn); got != "" {
		t.Errorf("who was cut off got %q", got)
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
