package ws

import (
	"net/http"
	"strings"
	"testing"

	"github.com/gorilla/websocket"

	"gatepost/hub"
	"gatepost/protocol"
)

// Whatever refuses a handshake is found in the log at info: with its reason, what was
// sent, what is allowed and the setting that says so; and once, however often it
// comes.
func TestRefusalsAreToldOf(t *testing.T) {
	const foreign = "https://page.example"
	for _, tt := range []struct {
		name   string
		change func(*Config, *core)
		path   string
		header http.Header
		says   []string
	}{
		{name: "Origin", header: http.Header{"Origin": {foreign}},
			says: []string{"level=WARN", "reason=origin", "status=403", "origin=" + foreign, "own host, 127.0.0.1", "setting=GATEPOST_ORIGINS"}},
		{name: "Origin not listed", change: func(c *Config, _ *core) { c.Origins = []string{"https://*.example.com", "file://"} }, header: http.Header{"Origin": {"null"}},
			says: []string{"reason=origin", "origin=null", `allowed="https://*.example.com, file://"`}},
		{name: "no Origin at all", header: http.Header{"Origin": {"page"}}, says: []string{"reason=origin", "origin=page"}},
		{name: "bad token", path: "?token=nonsense", says: []string{"level=INFO", "reason=token", "status=401", "not valid: is not one of the test's"}},
		{name: "a token for somebody else", change: func(c *Config, _ *core) { c.TokenFrom = []string{"query:token"} }, path: "?token=" + foreignToken,
			says: []string{"reason=token", "status=401", "aud: is for something else", `aud="\"app\""`, "setting=GATEPOST_CLIENT_AUDIENCE"}},
		{name: "a token that nobody has signed", change: func(c *Config, _ *core) { c.TokenFrom = []string{"query:token"} }, path: "?token=" + unsignedToken,
			says: []string{"reason=token", "status=401", "alg: isn't taken here", `alg="\"none\""`, `setting="GATEPOST_SECRET, GATEPOST_JWKS_URL or GATEPOST_PUBLIC_KEY_FILE"`}},
		{name: "two tokens", path: "?token=a&token=b", says: []string{"reason=token", "given twice"}},
		{name: "no token", change: func(c *Config, _ *core) { c.Anonymous = false }, says: []string{"reason=anonymous", "query:token, header, subprotocol", "setting=GATEPOST_ANONYMOUS"}},
		{name: "another path", path: "/../chat", says: []string{"reason=path", "status=404", "path=/chat", `allowed="/ws, and below"`, "setting=GATEPOST_WS_PATH"}},
		{name: "draining", change: func(_ *Config, g *core) { g.draining.Store(true) }, says: []string{"reason=unready", "status=503", "draining"}},
		{name: "unready", change: refuseAll(&protocol.Refusal{Status: 503, Text: "the outbox is full"}), says: []string{"reason=unready", "the outbox is full"}},
		{name: "backend", change: refuseAll(&protocol.Refusal{Status: 402, Text: "pay", ByBackend: true}), says: []string{"reason=backend", "status=402", "why=pay"}},
		{name: "bad handshake", path: "?" + strings.Repeat("a", maxRawQuery+1), says: []string{"reason=handshake", "status=414", "query is too long"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := newRig(t, hub.Options{}, tt.change)
			for range 3 {
				r.refused(strings.TrimPrefix("/ws"+tt.path, "/ws/.."), tt.header)
			}
			told := append(tt.says, "refused a handshake", "remote_addr=127.0.0.1")
			if n := r.log.Count("refused a handshake") - r.log.Count("refused a handshake", "level=DEBUG"); n != 1 {
				t.Errorf("%d lines at info, want one:\n%s", n, r.log)
			}
			if !r.log.Has(told...) {
				t.Errorf("no line has %q:\n%s", told, r.log)
			}
		})
	}
}

func TestFullNodeIsToldOf(t *testing.T) {
	r := newRig(t, hub.Options{}, func(c *Config, _ *core) { c.MaxConnections, c.MaxConnectionsPerIP = 3, 1 })
	from := func(ip string) http.Header { return http.Header{"X-Test-Ip": {ip}} }
	r.dial("/ws", from("192.0.2.1"))
	r.dial("/ws", from("192.0.2.2"))
	for range 2 {
		r.refused("/ws", from("192.0.2.1"))
		r.refused("/ws", from("192.0.2.2"))
	}
	r.dial("/ws", from("192.0.2.3"))
	r.refused("/ws", from("192.0.2.4"))
	for _, address := range []string{"192.0.2.1/32", "192.0.2.2/32"} {
		if n := r.log.Count("level=WARN", "reason=limit", "allowed=1", "setting=GATEPOST_MAX_CONNECTIONS_PER_IP", "address="+address); n != 1 {
			t.Errorf("%d lines tell of %s, want one:\n%s", n, address, r.log)
		}
	}
	if n := r.log.Count("level=WARN", "reason=limit", "allowed=3", "setting=GATEPOST_MAX_CONNECTIONS "); n != 1 {
		t.Errorf("%d lines tell of the full node, want one:\n%s", n, r.log)
	}
}

// A stranger's handshake puts no token into the log, nor floods it.
func TestRefusalsShowNoToken(t *testing.T) {
	r := newRig(t, hub.Options{}, func(c *Config, _ *core) { c.TokenFrom = []string{"query:token"} })
	const unlisted = "eyJhbGci.eyJzdWIi.c2lnbmF0dXJl"
	for _, path := range []string{"/chat/" + goodToken, "/chat/" + unlisted + "?token=nonsense", "/chat/nonsense?token=nonsense&token=other", "/ws?token=nonsense"} {
		r.refused(path, http.Header{"Origin": {"https://" + unlisted}, "Authorization": {"Bearer " + unlisted}})
		r.refused(path, http.Header{"Origin": {"https://nonsense." + strings.Repeat("x", 5000)}})
	}
	for _, secret := range []string{goodToken, unlisted, "nonsense", strings.Repeat("x", maxShown+1)} {
		if strings.Contains(r.log.String(), secret) {
			t.Errorf("%s is in the log:\n%s", secret, r.log)
		}
	}
}

// A page that asks for a close code gets it at a wrong path, too.
func TestWrongPathByClosing(t *testing.T) {
	r := newRig(t, hub.Options{}, nil)
	conn, _, err := websocket.DefaultDialer.Dial(r.url("/chat?refuse=close"), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if ce := wantClose(t, conn, protocol.CloseForbidden); !strings.Contains(ce.Text, "GATEPOST_WS_PATH") {
		t.Errorf("reason %q", ce.Text)
	}
	r.awaitEmpty()
}
