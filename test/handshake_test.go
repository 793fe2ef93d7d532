package test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"gatepost/test/harness"
	"gatepost/test/wait"
)

// What a connect's reply, or a token, says of the client holds from the start.
func TestWhatAConnectGives(t *testing.T) {
	t.Parallel()
	until := time.Now().Add(time.Hour).Unix()
	backend := harness.NewBackend(t, func(d *harness.Delivery) harness.Answer {
		if d.Event.Type != "connect" || d.Event.Data.Request.Query["reply"] == "" {
			return harness.Answer{}
		}
		return harness.JSON(map[string]any{"uid": 7, "groups": []any{"from reply", 8}, "session": map[string]any{"from": "reply"}, "until": until, "subprotocol": "chat"})
	})
	node := harness.Start(t, backend.Env(nil))
	token := harness.ClientToken(t, "tom", harness.Claims{"groups": []string{"from token"}, "session": map[string]any{"from": "token"}, "role": "admin"})
	byToken := node.Connect(t, harness.Dial{Path: "/ws?token=" + token})
	byReply := node.Connect(t, harness.Dial{Path: "/ws?reply=1&token=" + token, Subprotocols: []string{"other", "chat"}})
	for c, want := range map[*harness.Client]string{
		byToken: `"uid":"tom","groups":["from token"],"session":{"from":"token"}`,
		byReply: `"uid":"7","groups":["8","from reply","from token"],"session":{"from":"reply"}`,
	} {
		if got := string(node.API(t, "read").Want(200, "", "GET", "/clients/"+c.ID, "").Body); !strings.Contains(got, want) {
			t.Errorf("the client is %s, want %s", got, want)
		}
	}
	if got := byReply.Conn.Subprotocol(); got != "chat" {
		t.Errorf("the subprotocol is %q", got)
	}
	ev := backend.AwaitOne(t, "connect", byToken.ID)
	if ev.UID() != "tom" || ev.Data.Request.Claims["role"] != "admin" || ev.Data.Request.RawQuery != "" {
		t.Errorf("the connect event is of uid %q, claims %v, raw query %q", ev.UID(), ev.Data.Request.Claims, ev.Data.Request.RawQuery)
	}
}

// A browser can't see the status of a refusal: with ?refuse=close it sees a close
// code instead.
func TestRefuseByClosing(t *testing.T) {
	t.Parallel()
	backend := harness.NewBackend(t, func(d *harness.Delivery) harness.Answer {
		if d.Event.Type != "connect" {
			return harness.Answer{}
		}
		switch d.Event.Data.Request.Query["answer"] {
		case "403":
			return harness.Answer{Status: 403, Body: "not today"}
		case "429":
			return harness.Status(429)
		case "404":
			return harness.Answer{Status: 404, Header: map[string]string{"content-type": "application/json"}, Body: `{"detail":"Not Found"}`}
		case "meant":
			return harness.Answer{Status: 404, Header: map[string]string{"gatepost-refuse": "1"}}
		case "500":
			return harness.Status(500)
		}
		return harness.Answer{}
	})
	node := harness.Start(t, backend.Env(harness.Env{"GATEPOST_ANONYMOUS": "false", "GATEPOST_WEBHOOK_TIMEOUT": "500ms"}))
	token := harness.ClientToken(t, "tom", nil)
	for _, c := range []struct {
		query  string
		header http.Header
		status int
		code   int
	}{
		{"", nil, 401, 4041},
		{"token=bad", nil, 401, 4041},
		{"token=" + token, http.Header{"Origin": {"https://foreign.example"}}, 403, 4043},
		{"token=" + token + "&answer=403", nil, 403, 4043},
		{"token=" + token + "&answer=429", nil, 429, 4053},
		{"token=" + token + "&answer=500", nil, 503, 4053},
		{"token=" + token + "&answer=404", nil, 503, 4053}, // a proxy's, mostly
		{"token=" + token + "&answer=meant", nil, 404, 4043},
	} {
		_, err := node.TryConnect(t, harness.Dial{Path: "/ws?" + c.query, Header: c.header})
		wantRefused(t, err, c.status, "")
		client := node.Connect(t, harness.Dial{Path: "/ws?refuse=close&" + c.query, Header: c.header, NoWelcome: true})
		if code, reason := client.Closed(t); code != c.code || strings.Contains(c.query, "403") && reason != "not today" {
			t.Errorf("%s: closed with %d %q, want %d", c.query, code, reason, c.code)
		}
	}
	_, err := node.TryConnect(t, harness.Dial{Path: "/other?token=" + token})
	wantRefused(t, err, 404, "")
	node.Connect(t, harness.Dial{Path: "/ws?refuse=close&token=" + token})
}

// Limits on connections, of all and of one address, refuse with 503 before the
// upgrade; what leaves makes room. Behind a trusted proxy an address is the
// client's own.
func TestConnectionLimits(t *testing.T) {
	t.Parallel()
	all := harness.Start(t, harness.Env{"GATEPOST_MAX_CONNECTIONS": "2"})
	all.Connect(t, harness.Dial{})
	second := all.Connect(t, harness.Dial{})
	_, err := all.TryConnect(t, harness.Dial{})
	if r := wantRefused(t, err, 503, ""); r.Header.Get("Retry-After") == "" {
		t.Error("the refusal has no Retry-After")
	}
	second.Leave(t, 1000, "")
	wait.For(t, "there is room again", func() bool {
		c, err := all.TryConnect(t, harness.Dial{})
		return err == nil && c.ID != ""
	})

	perIP := harness.Start(t, harness.Env{"GATEPOST_MAX_CONNECTIONS_PER_IP": "1", "GATEPOST_TRUSTED_PROXIES": "127.0.0.1/32"})
	from := func(addr string) harness.Dial {
		return harness.Dial{Header: http.Header{"X-Forwarded-For": {addr}}}
	}
	perIP.Connect(t, from("203.0.113.1"))
	_, err = perIP.TryConnect(t, from("203.0.113.1"))
	wantRefused(t, err, 503, "")
	_, err = perIP.TryConnect(t, from("198.51.100.7, 203.0.113.1"))
	wantRefused(t, err, 503, "")
	perIP.Connect(t, from("203.0.113.2"))
	perIP.Connect(t, from("2001:db8::1"))
	_, err = perIP.TryConnect(t, from("2001:db8::2"))
	wantRefused(t, err, 503, "")
}

// Without a welcome the first frame is whatever comes first; without webhooks
// there are no events, and tokens alone do.
func TestTokenOnlyUse(t *testing.T) {
	t.Parallel()
	node := harness.Start(t, harness.Env{"GATEPOST_WELCOME": "off"})
	c := node.Connect(t, harness.Dial{Path: "/ws?token=" + harness.ClientToken(t, "tom", harness.Claims{"groups": []string{"room"}}), NoWelcome: true})
	c.Send(t, "nobody hears this")
	node.API(t, "push:group:room").Want(200, `{"matched":1,"queued":1,"dropped":0}`, "POST", "/push/groups/room", "hello")
	c.WantText(t, "hello")
}
