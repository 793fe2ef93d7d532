package web

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/labstack/echo/v4"
)

// refuser answers every handshake as HTTP.
type refuser struct{}

func (refuser) Matches(r *http.Request) bool { return strings.HasPrefix(r.URL.Path, "/ws") }

func (refuser) Upgrade(c echo.Context) error {
	return c.String(http.StatusUnauthorized, strings.Repeat("no", 500))
}

// A peer that asks again and again and never reads an answer doesn't keep its
// connection: only a socket outlives the time-outs, not a refusal.
func TestUnreadRefusalsAreCut(t *testing.T) {
	r := run(t, Config{Timeouts: Timeouts{Write: 500 * time.Millisecond}}, Deps{Sockets: refuser{}})
	conn := r.dial()
	requests := strings.Repeat("GET /ws HTTP/1.1\r\nHost: x\r\n\r\n", 1000)
	for {
		if _, err := fmt.Fprint(conn, requests); err != nil {
			if errors.Is(err, os.ErrDeadlineExceeded) {
				t.Errorf("the connection is still open after %v", within)
			}
			return
		}
	}
}
