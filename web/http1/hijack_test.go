package http1

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"testing"
	"time"
)

// A hijacked connection is the hijacker's: it has what has come, outlives the
// time-outs, and nobody waits for it.
func TestHijack(t *testing.T) {
	const short = 100 * time.Millisecond
	for name, waited := range map[string]bool{"unwatched": false, "watched": true} {
		for _, early := range []string{"", "early\n"} {
			t.Run(name+" "+early, func(t *testing.T) {
				again := make(chan error, 2)
				cfg := Config{Header: short, Read: short, Write: short, Idle: short, MaxHeaderBytes: 1 << 10}
				r := run(t, cfg, func(w http.ResponseWriter, r *http.Request) {
					if waited {
						r.Context().Done()
					}
					conn, rw, err := http.NewResponseController(w).Hijack()
					if err != nil {
						t.Error(err)
						return
					}
					_, _, err = http.NewResponseController(w).Hijack()
					again <- err
					_, err = w.Write([]byte("x"))
					again <- err
					go echo(conn, rw)
				})
				conn := dial(t, r.addr)
				reader := bufio.NewReader(conn)
				send(t, conn, get+early)
				for range 2 {
					if err := await(t, again, "the handler"); !errors.Is(err, http.ErrHijacked) {
						t.Errorf("using it further: %v", err)
					}
				}
				if err := r.Shutdown(soon(t)); err != nil {
					t.Error(err)
				}
				r.Close()
				time.Sleep(3 * short) // every time-out has passed then
				send(t, conn, "late\n")
				for _, want := range []string{early, "late\n"} {
					if want == "" {
						continue
					}
					if got, err := reader.ReadString('\n'); err != nil || got != want {
						t.Errorf("got %q, %v, want %q", got, err, want)
					}
				}
			})
		}
	}
}

// echo sends lines back, through the buffers that came with the connection.
func echo(conn net.Conn, rw *bufio.ReadWriter) {
	defer conn.Close()
	for {
		line, err := rw.ReadString('\n')
		if err != nil {
			return
		}
		if _, err := rw.WriteString(line); err != nil || rw.Flush() != nil {
			return
		}
	}
}

func TestHijackComesBeforeAnAnswer(t *testing.T) {
	r := run(t, patient, func(w http.ResponseWriter, _ *http.Request) {
		io.WriteString(w, "answered ")
		_, _, err := http.NewResponseController(w).Hijack()
		fmt.Fprint(w, err != nil)
	})
	conn := dial(t, r.addr)
	send(t, conn, get)
	if body, _ := answered(t, bufio.NewReader(conn)); body != "answered true" {
		t.Errorf("got %q", body)
	}
}
