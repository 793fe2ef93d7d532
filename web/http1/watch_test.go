package http1

import (
	"bufio"
	"context"
	"io"
	"net/http"
	"runtime"
	"strings"
	"testing"
)

// A handler that waits learns of a peer that hangs up, also one that has a body.
func TestContextEndsWithThePeer(t *testing.T) {
	for name, request := range map[string]string{
		"no body": get,
		"a body":  "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello",
		"chunks":  "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			waits, over := make(chan struct{}), make(chan error, 1)
			r := run(t, patient, func(_ http.ResponseWriter, r *http.Request) {
				done := r.Context().Done() // before the body is read: it mustn't be read for it
				if _, err := io.ReadAll(r.Body); err != nil {
					t.Error(err)
				}
				derived, cancel := context.WithCancel(r.Context())
				defer cancel()
				if err := r.Context().Err(); err != nil {
					t.Error(err)
				}
				close(waits)
				<-done
				<-derived.Done()
				over <- derived.Err()
			})
			conn := dial(t, r.addr)
			send(t, conn, request)
			await(t, waits, "the handler")
			conn.Close()
			if err := await(t, over, "the context"); err != context.Canceled {
				t.Errorf("got %v", err)
			}
		})
	}
}

// What a watched peer sends in the meantime is its next request, and no hang-up.
func TestWatchingTakesNothing(t *testing.T) {
	waits, goOn := make(chan struct{}), make(chan struct{})
	r := run(t, patient, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/first" {
			done := r.Context().Done()
			close(waits)
			<-goOn
			select {
			case <-done:
				t.Error("the context has ended")
			default:
			}
		}
		io.WriteString(w, r.URL.Path)
	})
	conn := dial(t, r.addr)
	reader := bufio.NewReader(conn)
	send(t, conn, "GET /first HTTP/1.1\r\nHost: x\r\n\r\n")
	await(t, waits, "the handler")
	send(t, conn, "GET /second HTTP/1.1\r\nHost: x\r\n\r\n")
	close(goOn)
	for _, want := range []string{"/first", "/second"} {
		if got, _ := answered(t, reader); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

// A context has ended when its handler has returned, for whoever kept it too.
func TestContextEndsWithTheHandler(t *testing.T) {
	kept := make(chan context.Context, 3)
	r := run(t, patient, func(_ http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/waited":
			r.Context().Done()
		case "/derived":
			context.AfterFunc(r.Context(), func() {})
		}
		kept <- r.Context()
	})
	for _, path := range []string{"/", "/waited", "/derived"} {
		conn := dial(t, r.addr)
		send(t, conn, strings.Replace(get, "/", path, 1))
		answered(t, bufio.NewReader(conn))
		ctx := <-kept
		await(t, ctx.Done(), path)
		if ctx.Err() != context.Canceled {
			t.Errorf("%s: got %v", path, ctx.Err())
		}
	}
}

// A context that ends with a request's needs no goroutine to wait for that.
func TestDerivedContextsNeedNoGoroutine(t *testing.T) {
	counts := make(chan int, 1)
	r := run(t, patient, func(_ http.ResponseWriter, r *http.Request) {
		r.Context().Done() // now the connection is watched
		before := runtime.NumGoroutine()
		for range 50 {
			_, cancel := context.WithCancel(context.WithValue(r.Context(), http.ServerContextKey, nil))
			defer cancel()
		}
		counts <- runtime.NumGoroutine() - before
	})
	send(t, dial(t, r.addr), get)
	if more := await(t, counts, "the handler"); more >= 50 {
		t.Errorf("%d goroutines", more)
	}
}
