package http1

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

func done(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "done") }

// accepted waits until the server knows of so many connections.
func (r *rig) accepted(t testing.TB, n int) {
	t.Helper()
	for deadline := time.Now().Add(within); len(r.open()) < n; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%d connections, want %d", len(r.open()), n)
		}
	}
}

// shutDown begins to.
func (r *rig) shutDown(t testing.TB) (over <-chan error) {
	t.Helper()
	c := make(chan error, 1)
	go func() { c <- r.Shutdown(soon(t)) }()
	await(t, r.stopped, "the end")
	return c
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

// A proxy calls on the connections that it keeps, or has just opened: a call may be on
// its way.
func TestShutdownLeavesConnectionsTheirTime(t *testing.T) {
	for name, before := range map[string]int{"fresh": 0, "idle": 1} {
		t.Run(name, func(t *testing.T) {
			r := run(t, patient, done)
			conn := dial(t, r.addr)
			reader := bufio.NewReader(conn)
			for range before {
				send(t, conn, get)
				answered(t, reader)
			}
			r.accepted(t, 1)
			over := r.shutDown(t)
			send(t, conn, get)
			if body, last := answered(t, reader); body != "done" || !last {
				t.Errorf("got %q, last %v", body, last)
			}
			if err := await(t, over, "Shutdown"); err != nil {
				t.Error(err)
			}
		})
	}
}

// But those aren't waited for as a request is: a node has a second to stop in.
func TestShutdownGivesUpSilentConnections(t *testing.T) {
	r := run(t, patient, func(http.ResponseWriter, *http.Request) {})
	silent := dial(t, r.addr)
	r.accepted(t, 1)
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

// An answer that has begun can't say any more that it is the last. Its connection is
// idle like others then, unless these have had their time.
func TestShutdownWhileAnAnswerIsUnderWay(t *testing.T) {
	begun, goOn := make(chan struct{}), make(chan struct{})
	slow := func(w http.ResponseWriter, r *http.Request) {
		http.NewResponseController(w).Flush()
		if r.URL.Path == "/slow" {
			close(begun)
			<-goOn
		}
		done(w, r)
	}
	t.Run("another call follows at once", func(t *testing.T) {
		begun, goOn = make(chan struct{}), make(chan struct{})
		r := run(t, patient, slow)
		conn := dial(t, r.addr)
		reader := bufio.NewReader(conn)
		send(t, conn, "GET /slow HTTP/1.1\r\nHost: x\r\n\r\n")
		await(t, begun, "the slow call")
		over := r.shutDown(t)
		close(goOn)
		if body, last := answered(t, reader); body != "done" || last {
			t.Errorf("got %q, last %v", body, last)
		}
		send(t, conn, get)
		if body, last := answered(t, reader); body != "done" || !last {
			t.Errorf("the call that followed: got %q, last %v", body, last)
		}
		if err := await(t, over, "Shutdown"); err != nil {
			t.Error(err)
		}
	})
	t.Run("none follows", func(t *testing.T) {
		begun, goOn = make(chan struct{}), make(chan struct{})
		r := run(t, patient, slow)
		conn, silent := dial(t, r.addr), dial(t, r.addr)
		send(t, conn, "GET /slow HTTP/1.1\r\nHost: x\r\n\r\n")
		await(t, begun, "the slow call")
		r.accepted(t, 2)
		over := r.shutDown(t)
		ended(t, silent) // their time is over
		close(goOn)
		answered(t, bufio.NewReader(conn))
		if err := await(t, over, "Shutdown"); err != nil {
			t.Error(err)
		}
	})
}

// Every call that was sent is answered, on connections that are never quiet.
func TestShutdownUnderCalls(t *testing.T) {
	var called atomic.Int64
	r := run(t, patient, func(w http.ResponseWriter, r *http.Request) {
		called.Add(1)
		done(w, r)
	})
	var (
		clients sync.WaitGroup
		got     atomic.Int64
		busy    = make(chan struct{})
	)
	for range 16 {
		conn := dial(t, r.addr)
		clients.Go(func() {
			reader := bufio.NewReader(conn)
			for {
				if _, err := io.WriteString(conn, get); err != nil {
					t.Errorf("a call couldn't be sent: %v", err)
					return
				}
				response, err := http.ReadResponse(reader, nil)
				if err != nil {
					t.Errorf("a call wasn't answered: %v", err)
					return
				}
				io.Copy(io.Discard, response.Body)
				if got.Add(1) == 1000 {
					close(busy)
				}
				if response.Close {
					return
				}
			}
		})
	}
	await(t, busy, "a thousand calls")
	if err := r.Shutdown(soon(t)); err != nil {
		t.Error(err)
	}
	clients.Wait()
	if called.Load() != got.Load() {
		t.Errorf("%d calls were taken, %d answered", called.Load(), got.Load())
	}
}
