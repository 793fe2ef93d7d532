package ws

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"gatepost/hub"
	"gatepost/protocol"
	"gatepost/test/frames"
	"gatepost/test/wait"
)

// What can't be upgraded at all is answered in plain HTTP, and the backend isn't
// asked.
func TestBadHandshakes(t *testing.T) {
	r := newRig(t, hub.Options{}, nil)
	without := func(header string) string {
		lines := strings.SplitAfter(upgradeRequest, "\r\n")
		for i, l := range lines {
			if strings.HasPrefix(l, header) {
				lines[i] = ""
			}
		}
		return strings.Join(lines, "")
	}
	for _, tt := range []struct {
		name, request string
		status        int
	}{
		{"a plain GET", "GET /ws HTTP/1.1\r\nHost: x\r\n\r\n", 426},
		{"a POST", strings.Replace(upgradeRequest, "GET", "POST", 1), 405},
		{"a HEAD", strings.Replace(upgradeRequest, "GET", "HEAD", 1), 426},
		{"no Host", without("Host"), 400},
		{"an empty Host, from a page", strings.Replace(upgradeRequest, "Host: x", "Host:\r\nOrigin: http://x", 1), 403},
		{"no Connection", without("Connection"), 426},
		{"no Upgrade", without("Upgrade"), 426},
		{"another Upgrade", strings.Replace(upgradeRequest, "websocket", "h2c", 1), 426},
		{"no version", without("Sec-WebSocket-Version"), 426},
		{"version 8", strings.Replace(upgradeRequest, "Version: 13", "Version: 8", 1), 426},
		{"HTTP/1.0", strings.Replace(upgradeRequest, "HTTP/1.1", "HTTP/1.0", 1), 426},
		{"no key", without("Sec-WebSocket-Key"), 400},
		{"a short key", strings.Replace(upgradeRequest, "dGhlIHNhbXBsZSBub25jZQ==", "dGhl", 1), 400},
		{"two keys", strings.Replace(upgradeRequest, "Host:", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nHost:", 1), 400},
		{"a body", strings.Replace(upgradeRequest, "Host:", "Content-Length: 2\r\nHost:", 1) + "{}", 400},
		{"a chunked body", strings.Replace(upgradeRequest, "Host:", "Transfer-Encoding: chunked\r\nHost:", 1) + "0\r\n\r\n", 400},
		{"a long query", strings.Replace(upgradeRequest, "/ws", "/ws?"+strings.Repeat("a", maxRawQuery+1), 1), 414},
		{"many headers", strings.Replace(upgradeRequest, "Host:", strings.Repeat("A: b\r\n", maxHeaders)+"Host:", 1), 431},
		{"large headers", strings.Replace(upgradeRequest, "Host:", "A: "+strings.Repeat("b", maxHeaderBytes)+"\r\nHost:", 1), 431},
		{"a bad one that asks for a close code", strings.Replace(without("Sec-WebSocket-Key"), "/ws", "/ws?refuse=close", 1), 400},
	} {
		t.Run(tt.name, func(t *testing.T) {
			resp, err := http.ReadResponse(r.request(tt.request).r, nil)
			if err != nil {
				t.Fatal(err)
			}
			if resp.StatusCode != tt.status {
				t.Errorf("status %d, want %d", resp.StatusCode, tt.status)
			}
			if tt.status == 426 && (resp.Header.Get("Upgrade") != "websocket" || resp.Header.Get("Sec-WebSocket-Version") != "13") {
				t.Errorf("426 with %v, want what to upgrade to", resp.Header)
			}
		})
	}
	if n := r.core.asked(); n != 0 {
		t.Errorf("the gateway was asked %d times", n)
	}
}

// refusals are one handshake for each reason to refuse it.
var refusals = []struct {
	name      string
	change    func(*Config, *core)
	query     string
	header    http.Header
	protocols []string
	status    int
	close     int
	text      string
	retry     bool
}{
	{name: "draining", change: func(_ *Config, g *core) { g.draining.Store(true) }, status: 503, close: 4053, text: "draining", retry: true},
	{name: "foreign Origin", header: http.Header{"Origin": {"https://evil.example"}}, status: 403, close: 4043, text: "Origin"},
	{name: "null Origin", header: http.Header{"Origin": {"null"}}, status: 403, close: 4043, text: "Origin"},
	{name: "bad token in the query", query: "token=nonsense", status: 401, close: 4041, text: "not valid"},
	{name: "empty token", query: "token=", status: 401, close: 4041, text: "not valid"},
	{name: "bad token in a header", header: http.Header{"Authorization": {"Bearer nonsense"}}, status: 401, close: 4041, text: "not valid"},
	{name: "bad token as subprotocol", protocols: []string{"bearer", "nonsense"}, status: 401, close: 4041, text: "not valid"},
	{name: "a good token beside a bad one", query: "token=" + goodToken, header: http.Header{"Authorization": {"Bearer nonsense"}}, status: 401, close: 4041, text: "not valid"},
	{name: "two tokens in one place", query: "token=" + goodToken + "&token=" + otherToken, status: 401, close: 4041, text: "twice"},
	{name: "no token", change: func(c *Config, _ *core) { c.Anonymous = false }, status: 401, close: 4041, text: "required"},
	{name: "a token where it isn't looked for", change: func(c *Config, _ *core) { c.Anonymous = false; c.TokenFrom = []string{"header"} },
		query: "token=" + goodToken, status: 401, close: 4041, text: "required"},
	{name: "refused by the backend", change: refuseAll(&protocol.Refusal{Status: 402, Text: "pay first"}), status: 402, close: 4043, text: "pay first"},
	{name: "banned by the backend", change: refuseAll(&protocol.Refusal{Status: 401, Text: "who?"}), status: 401, close: 4041, text: "who?"},
	{name: "throttled by the backend", change: refuseAll(&protocol.Refusal{Status: 429, Text: "slower", RetryAfter: 7}), status: 429, close: 4053, text: "slower", retry: true},
	{name: "backend away", change: refuseAll(&protocol.Refusal{Status: 503, RetryAfter: 1}), status: 503, close: 4053, text: "Service Unavailable", retry: true},
	{name: "gateway failed", change: refuseAll(errors.New("a secret of the house")), status: 503, close: 4053, text: "Service Unavailable", retry: true},
}

func refuseAll(err error) func(*Config, *core) {
	return func(_ *Config, g *core) {
		g.connect = func(context.Context, *protocol.Handshake) (string, error) { return "", err }
	}
}

func TestRefusals(t *testing.T) {
	for _, tt := range refusals {
		t.Run(tt.name, func(t *testing.T) {
			r := newRig(t, hub.Options{}, tt.change)
			resp, body := r.refused("/ws?"+tt.query, tt.header, tt.protocols...)
			if resp.StatusCode != tt.status || !strings.Contains(body, tt.text) {
				t.Errorf("got %d %q, want %d with %q", resp.StatusCode, body, tt.status, tt.text)
			}
			if strings.Contains(body, "nonsense") || strings.Contains(body, "secret") {
				t.Errorf("the answer tells %q", body)
			}
			if got := resp.Header.Get("Retry-After") != ""; got != tt.retry {
				t.Errorf("Retry-After is there: %v, want %v", got, tt.retry)
			}
			if resp.Header.Get("X-Content-Type-Options") != "nosniff" || !strings.HasPrefix(resp.Header.Get("Content-Type"), "text/plain") {
				t.Errorf("headers %v, want plain text that isn't sniffed", resp.Header)
			}
			r.awaitEmpty()
		})
	}
}

// A browser can't see a status; with ?refuse=close it gets a close code instead.
func TestRefuseByClosing(t *testing.T) {
	for _, tt := range refusals {
		t.Run(tt.name, func(t *testing.T) {
			r := newRig(t, hub.Options{}, tt.change)
			d := websocket.Dialer{Subprotocols: tt.protocols}
			conn, resp, err := d.Dial(r.url("/ws?refuse=close&"+tt.query), tt.header)
			if err != nil {
				t.Fatalf("%v (%v), want an upgrade", err, resp)
			}
			defer conn.Close()
			if len(tt.protocols) > 0 && conn.Subprotocol() != tt.protocols[0] {
				t.Errorf("subprotocol %q is selected, want %q: a browser would see nothing else", conn.Subprotocol(), tt.protocols[0])
			}
			if ce := wantClose(t, conn, tt.close); !strings.Contains(ce.Text, tt.text) {
				t.Errorf("reason %q, want %q in it", ce.Text, tt.text)
			}
			conn.Close()
			r.awaitEmpty()
			if clients, _, _ := r.core.hub.Count(); clients != 0 {
				t.Errorf("%d clients are counted, want none", clients)
			}
		})
	}
}

// One that is refused by closing and goes on sending gets its code all the same,
// and doesn't keep the connection.
func TestRefusedByClosingWhileSending(t *testing.T) {
	r := newRig(t, hub.Options{}, func(c *Config, _ *core) { c.Anonymous = false })
	c := r.request(strings.Replace(upgradeRequest, "/ws", "/ws?refuse=close", 1))
	if resp, err := http.ReadResponse(c.r, nil); err != nil || resp.StatusCode != 101 {
		t.Fatalf("%v %v, want an upgrade", resp, err)
	}
	stop := c.flood(frames.Masked(0x82, make([]byte, 4096)))
	defer stop()
	if f := c.frame(); f.Code() != 4041 {
		t.Fatalf("got %q, want a close frame with 4041", f)
	}
	r.awaitEmpty()
}

// flood sends b over and over until it is stopped or can't any more.
func (c *raw) flood(b []byte) (stop func()) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			if _, err := c.Write(b); err != nil {
				return
			}
		}
	}()
	return func() { c.Close(); <-done }
}

func TestTooManyToRefuseByClosing(t *testing.T) {
	r := newRig(t, hub.Options{}, func(c *Config, _ *core) { c.Anonymous = false })
	for range maxRefused {
		r.h.refusing <- struct{}{}
	}
	if resp, _ := r.refused("/ws?refuse=close", nil); resp.StatusCode != 401 {
		t.Errorf("status %d, want 401 where there is no room for more", resp.StatusCode)
	}
	for range maxRefused {
		<-r.h.refusing
	}
}

func TestLongRefusalText(t *testing.T) {
	r := newRig(t, hub.Options{}, refuseAll(&protocol.Refusal{Status: 403, Text: strings.Repeat("é", 2000)}))
	if _, body := r.refused("/ws", nil); body != strings.Repeat("é", 512) {
		t.Errorf("got %d bytes, want the first %d", len(body), protocol.MaxRefusalBytes)
	}
	conn, _, err := websocket.DefaultDialer.Dial(r.url("/ws?refuse=close"), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if ce := wantClose(t, conn, 4043); ce.Text != strings.Repeat("é", 61) {
		t.Errorf("reason %q of %d bytes, want what fits in %d", ce.Text, len(ce.Text), protocol.MaxReasonBytes)
	}
}

func TestLimits(t *testing.T) {
	r := newRig(t, hub.Options{}, func(c *Config, _ *core) { c.MaxConnections, c.MaxConnectionsPerIP = 3, 2 })
	from := func(ip string) http.Header { return http.Header{"X-Test-Ip": {ip}} }
	a := r.dial("/ws", from("192.0.2.1"))
	r.dial("/ws", from("192.0.2.1"))
	resp, body := r.refused("/ws", from("192.0.2.1"))
	if resp.StatusCode != 503 || resp.Header.Get("Retry-After") == "" || !strings.Contains(body, "this address") {
		t.Errorf("a third of one address: %d %q, want 503, Retry-After, and which limit", resp.StatusCode, body)
	}
	r.dial("/ws", from("192.0.2.2"))
	if resp, body := r.refused("/ws", from("192.0.2.3")); resp.StatusCode != 503 || !strings.Contains(body, "this node") {
		t.Errorf("a fourth: %d %q, want 503 and which limit", resp.StatusCode, body)
	}
	if n := r.core.asked(); n != 3 {
		t.Errorf("the backend was asked %d times, want 3: limits come first", n)
	}
	a.Close()
	r.wantEnding(1006, protocol.ByNetwork)
	wait.For(t, "the place is free again", func() bool {
		conn, _, err := websocket.DefaultDialer.Dial(r.url("/ws"), from("192.0.2.1"))
		if err == nil {
			t.Cleanup(func() { conn.Close() })
		}
		return err == nil
	})
}

// A place that was reserved is given back however the handshake fails.
func TestNoPlaceIsLost(t *testing.T) {
	for _, tt := range []struct {
		name    string
		connect func(context.Context, *protocol.Handshake) (string, error)
		request string
	}{
		{"refused", func(context.Context, *protocol.Handshake) (string, error) { return "", &protocol.Refusal{Status: 403} }, upgradeRequest},
		{"panic", func(context.Context, *protocol.Handshake) (string, error) { panic("in connect") }, upgradeRequest},
		{"frames before the 101", func(context.Context, *protocol.Handshake) (string, error) { return "", nil }, upgradeRequest + "\x81\x80\x00\x00\x00\x00"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := newRig(t, hub.Options{}, func(c *Config, g *core) { c.MaxConnectionsPerIP, g.connect = 1, tt.connect })
			for range 3 {
				c := r.request(tt.request)
				if resp, err := http.ReadResponse(c.r, nil); err == nil && resp.StatusCode == 503 {
					t.Fatal("503: the place of an earlier one is lost")
				}
				c.Close()
				r.awaitEmpty()
			}
		})
	}
}

// The backend is asked with a context that ends when the client gives up.
func TestClientLeavesWhileConnecting(t *testing.T) {
	asked, left := make(chan struct{}), make(chan struct{})
	r := newRig(t, hub.Options{}, func(c *Config, g *core) {
		c.MaxConnections = 1
		g.connect = func(ctx context.Context, _ *protocol.Handshake) (string, error) {
			close(asked)
			<-ctx.Done()
			close(left)
			return "", &protocol.Refusal{Status: 503}
		}
	})
	c := r.request(upgradeRequest)
	<-asked
	c.Close()
	select {
	case <-left:
	case <-time.After(soon):
		t.Fatal("the context doesn't end")
	}
	r.awaitEmpty()
}

// Nothing of a credential gets into a log line, whatever becomes of the handshake.
func TestCredentialsAreNotLogged(t *testing.T) {
	const secret = "s3cr3t-cr3d3ntial"
	for _, refuse := range []string{"", "refuse=close&"} {
		r := newRig(t, hub.Options{}, nil)
		conn, resp, err := websocket.DefaultDialer.Dial(r.url("/ws?"+refuse+"token="+url.QueryEscape(secret)),
			http.Header{"Authorization": {"Bearer " + secret}, "Cookie": {"sid=" + secret}, "Origin": {"http://" + secret}})
		if err == nil {
			conn.Close()
		} else if body, _ := io.ReadAll(resp.Body); strings.Contains(string(body), secret) {
			t.Errorf("the answer has the secret: %s", body)
		}
		r.awaitEmpty()
		if strings.Contains(r.log.String(), secret) {
			t.Errorf("the log has the secret:\n%s", r.log)
		}
	}
}
