package web

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/labstack/echo/v4"

	"gatepost/auth"
	"gatepost/web/http1"
)

// quick are short time-outs that leave a busy machine enough to send a header in.
var quick = Timeouts{Header: 500 * time.Millisecond, Read: 600 * time.Millisecond, Write: 5 * time.Second, Idle: 500 * time.Millisecond}

// ended waits until the server closes the connection, and gives what came before.
func ended(t *testing.T, conn net.Conn) string {
	t.Helper()
	got, err := io.ReadAll(conn)
	if errors.Is(err, os.ErrDeadlineExceeded) {
		t.Fatalf("the connection is still open after %v", within)
	}
	return string(got)
}

func TestSlowPeersAreCut(t *testing.T) {
	r := run(t, Config{Timeouts: quick}, Deps{})
	token, err := r.tokens.SignAPI("*", time.Minute, auth.CallBinding{})
	if err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct{ sends, want string }{
		"nothing at all":     {"", ""},
		"half a header":      {"GET /healthz HTTP/1.1\r\nHost: x\r\nX-Slow: ", ""},
		"half a body":        {"POST /push/all HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer " + token + "\r\nContent-Length: 10\r\n\r\nhello", "HTTP/1.1 408 "},
		"half a chunk":       {"POST /push/all HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer " + token + "\r\nTransfer-Encoding: chunked\r\n\r\na\r\nhello", "HTTP/1.1 408 "},
		"a body for nobody":  {"POST /nowhere HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nhello", "HTTP/1.1 404 "},
		"an idle connection": {"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 200 "},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			conn := r.dial()
			fmt.Fprint(conn, tt.sends)
			if got := ended(t, conn); !strings.HasPrefix(got, tt.want) || tt.want == "" && strings.Contains(got, " 200 ") {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestHugeHeaderIsRefused(t *testing.T) {
	r := run(t, Config{}, Deps{})
	conn := r.dial()
	fmt.Fprintf(conn, "GET /healthz HTTP/1.1\r\nHost: x\r\nX-Large: %s\r\n\r\n", strings.Repeat("x", 64<<10))
	if got := ended(t, conn); !strings.HasPrefix(got, "HTTP/1.1 431 ") {
		t.Errorf("got %.100q", got)
	}
}

// hijacker is a socket handler that waits, as for a webhook, and then takes the
// connection over.
type hijacker struct {
	prefix string
	wait   time.Duration
	ended  chan error // of the request's context, after the wait
}

func (h *hijacker) Matches(r *http.Request) bool { return strings.HasPrefix(r.URL.Path, h.prefix) }

func (h *hijacker) Upgrade(c echo.Context) error {
	if c.Request().Header.Get("X-Panic") != "" {
		panic("on purpose")
	}
	time.Sleep(h.wait)
	h.ended <- c.Request().Context().Err()
	conn, rw, err := http.NewResponseController(c.Response()).Hijack()
	if err != nil {
		return err
	}
	go func() {
		defer conn.Close()
		fmt.Fprint(conn, "HTTP/1.1 101 Switching Protocols\r\n\r\n")
		line, err := rw.ReadString('\n')
		if err == nil {
			fmt.Fprint(conn, line)
		}
	}()
	return nil
}

// The time-outs of requests touch neither a handshake that waits for its webhook
// nor the socket that comes of it.
func TestSocketsOutliveTimeouts(t *testing.T) {
	sockets := &hijacker{prefix: "/ws", wait: 2 * quick.Read, ended: make(chan error, 1)}
	r := run(t, Config{Timeouts: quick}, Deps{Sockets: sockets})
	conn := r.dial()
	fmt.Fprint(conn, "GET /ws HTTP/1.1\r\nHost: x\r\n\r\n")
	if err := soon(t, sockets.ended); err != nil {
		t.Errorf("the waiting handshake's context ended: %v", err)
	}
	reader := bufio.NewReader(conn)
	for line := ""; line != "\r\n"; {
		var err error
		if line, err = reader.ReadString('\n'); err != nil {
			t.Fatal(err)
		}
	}
	time.Sleep(2 * quick.Read) // every time-out has passed then
	fmt.Fprint(conn, "echo\n")
	if got, err := reader.ReadString('\n'); err != nil || got != "echo\n" {
		t.Errorf("got %q, %v", got, err)
	}
}

func TestSocketsComeBeforeRouting(t *testing.T) {
	sockets := &hijacker{prefix: "/groups/x", ended: make(chan error, 1)}
	r := run(t, Config{}, Deps{Sockets: sockets})
	if status, _, body := r.get(r.url("/groups/y"), "read"); status != 200 {
		t.Errorf("a call: got %d %s", status, body)
	}
	conn := r.dial()
	fmt.Fprint(conn, "GET /groups/x HTTP/1.1\r\nHost: x\r\n\r\n")
	if line, err := bufio.NewReader(conn).ReadString('\n'); err != nil || !strings.Contains(line, " 101 ") {
		t.Errorf("a socket: got %q, %v", line, err)
	}
	conn = r.dial()
	fmt.Fprint(conn, "GET /groups/x HTTP/1.1\r\nHost: x\r\nX-Panic: 1\r\nConnection: close\r\n\r\n")
	if got := ended(t, conn); !strings.HasPrefix(got, "HTTP/1.1 500 ") || strings.Contains(got, "purpose") {
		t.Errorf("a panic: got %q", got)
	}
}

func TestServeEndsWithShutdown(t *testing.T) {
	r := run(t, Config{}, Deps{})
	if err := r.Shutdown(t.Context()); err != nil {
		t.Errorf("Shutdown: %v", err)
	}
	if err := soon(t, r.served); err != nil {
		t.Errorf("Serve: %v", err)
	}
	if conn, err := net.Dial("tcp", r.Addr().String()); err == nil {
		conn.Close()
		t.Error("it listens still")
	}
}

// Who is connected and silent is given the same time on both listeners: one second is
// enough to stop.
func TestShutdownEndsBothListenersAtOnce(t *testing.T) {
	r := run(t, Config{AdminAddr: "127.0.0.1:0"}, Deps{})
	admin, err := net.Dial("tcp", r.AdminAddr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer admin.Close()
	r.dial()
	if status, _, _ := r.get("http://"+r.AdminAddr().String()+healthPath, ""); status != http.StatusOK { // both are accepted before
		t.Errorf("got %d", status)
	}
	if status, _, _ := r.get(r.url(healthPath), ""); status != http.StatusOK {
		t.Errorf("got %d", status)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	if err := r.Shutdown(ctx); err != nil {
		t.Error(err)
	}
}

func TestServeEndsWithItsContext(t *testing.T) {
	r := run(t, Config{AdminAddr: "127.0.0.1:0"}, Deps{})
	r.stop()
	if err := soon(t, r.served); err != nil {
		t.Errorf("Serve: %v", err)
	}
}

func TestServeFailsWithAListener(t *testing.T) {
	r := run(t, Config{AdminAddr: "127.0.0.1:0"}, Deps{})
	if err := r.admin.socket.Close(); err != nil {
		t.Fatal(err)
	}
	if err := soon(t, r.served); err == nil || !strings.Contains(err.Error(), r.AdminAddr().String()) {
		t.Errorf("got %v, want an error that names %s", err, r.AdminAddr())
	}
}

func TestListenNamesWhatItCant(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	s := &Server{
		public: newListener("127.0.0.1:0", nil, Timeouts{}, http1.Limits{}, slog.New(slog.DiscardHandler)),
		admin:  newListener(taken.Addr().String(), nil, Timeouts{}, http1.Limits{}, slog.New(slog.DiscardHandler)),
	}
	if s.Addr() != nil || s.AdminAddr() != nil {
		t.Error("there are addresses before Listen")
	}
	if err := s.Listen(); err == nil || !strings.Contains(err.Error(), taken.Addr().String()) {
		t.Errorf("got %v", err)
	}
	if conn, err := net.Dial("tcp", s.Addr().String()); err == nil {
		conn.Close()
		t.Error("the other listener is still open")
	}
	if err := s.Serve(t.Context()); err == nil {
		t.Error("it serves all the same")
	}
}

// Whoever keeps connections to a node is the one who gives them up: some balancers keep
// them for ten minutes, and have no setting for it.
func TestABalancerGivesUpItsConnectionsFirst(t *testing.T) {
	var usual Timeouts
	usual.setDefaults()
	if usual.Idle <= 10*time.Minute {
		t.Errorf("an idle connection is closed after %s", usual.Idle)
	}
}
