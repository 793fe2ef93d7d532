package http1

import (
	"bufio"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"
)

const post = "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello"

// A handler that answers first doesn't take a body that was thrown away for an empty
// one.
func TestADiscardedBodyIsNoEmptyOne(t *testing.T) {
	r := run(t, patient, func(w http.ResponseWriter, r *http.Request) {
		io.ReadFull(r.Body, make([]byte, 2))
		http.NewResponseController(w).Flush()
		if n, err := io.ReadAll(r.Body); len(n) != 0 || !errors.Is(err, http.ErrBodyReadAfterClose) {
			t.Errorf("got %q, %v", n, err)
		}
	})
	conn := dial(t, r.addr)
	send(t, conn, post)
	answered(t, bufio.NewReader(conn))
}

// Who keeps a body can't read with it what comes next: that is another request's or,
// as buffers are used again, another connection's.
func TestAKeptBodyReadsNothing(t *testing.T) {
	kept := make(chan io.Reader, 1)
	r := run(t, patient, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/hijacks":
			conn, _, err := http.NewResponseController(w).Hijack()
			if err != nil {
				t.Error(err)
				return
			}
			defer conn.Close()
		case "/panics":
			defer func() { kept <- r.Body }()
			panic(http.ErrAbortHandler)
		}
		kept <- r.Body
	})
	for name, request := range map[string]string{
		"answered":           post,
		"too large":          "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 500000\r\n\r\nhello",
		"not asked":          "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n",
		"the last":           "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello",
		"hijacked":           strings.Replace(post, "/", "/hijacks", 1),
		"a handler panicked": strings.Replace(post, "/", "/panics", 1),
	} {
		t.Run(name, func(t *testing.T) {
			conn := dial(t, r.addr)
			send(t, conn, request)
			body := await(t, kept, "the body")
			conn.CloseWrite()
			ended(t, conn)
			if n, err := body.Read(make([]byte, 8)); n != 0 || !errors.Is(err, http.ErrBodyReadAfterClose) {
				t.Errorf("got %d bytes, %v", n, err)
			}
		})
	}
}

// A goroutine that a handler has left behind ends reading before anybody else reads.
func TestABodyReadBeyondItsHandler(t *testing.T) {
	reading := make(chan error, 1)
	r := run(t, patient, func(_ http.ResponseWriter, r *http.Request) {
		if r.ContentLength > 0 {
			go func() {
				_, err := io.Copy(io.Discard, r.Body)
				reading <- err
			}()
		}
	})
	conn := dial(t, r.addr)
	reader := bufio.NewReader(conn)
	for range 20 {
		send(t, conn, post+get)
		for range 2 {
			answered(t, reader)
		}
		if err := await(t, reading, "reading"); err != nil && !errors.Is(err, http.ErrBodyReadAfterClose) {
			t.Error(err)
		}
	}
}

// What is too large to be thrown away isn't waited for: the peer is told at once.
func TestALargeBodyIsRefusedAtOnce(t *testing.T) {
	r := run(t, patient, func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "", http.StatusRequestEntityTooLarge) })
	conn := dial(t, r.addr)
	begun := time.Now()
	send(t, conn, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 500000\r\n\r\nhello")
	if _, last := answered(t, bufio.NewReader(conn)); !last || time.Since(begun) > within/2 {
		t.Errorf("last %v, after %v", last, time.Since(begun))
	}
}
