package test

import (
	"net"
	"net/http"
	"testing"
	"time"

	"gatepost/test/harness"
)

// The first endpoint whose path and events match gets the event; each has its own
// secrets and headers.
func TestNamedEndpoints(t *testing.T) {
	t.Parallel()
	chat, closes, rest := harness.NewBackend(t, echo), harness.NewBackend(t, nil), harness.NewBackend(t, echo)
	config := harness.File(t, `
webhooks:
  - name: chat
    url: `+chat.URL+`
    secrets: ["`+harness.WebhookSecret+`"]
    path: /ws/chat
    events: [connect, message]
    headers: {x-tenant: acme}
  - name: closes
    url: `+closes.URL+`
    secrets: ["`+harness.WebhookSecret+`"]
    events: [close]
  - name: rest
    url: `+rest.URL+`
    secrets: ["`+harness.WebhookSecret+`"]
    events: [connect]
`)
	node := harness.Start(t, harness.Env{harness.ConfigFile: config})
	inChat, below, beside := node.Connect(t, harness.Dial{Path: "/ws/chat"}), node.Connect(t, harness.Dial{Path: "/ws/chat/room"}), node.Connect(t, harness.Dial{Path: "/ws/chatter"})
	for _, c := range []*harness.Client{inChat, below} {
		c.Send(t, "hello")
		c.WantText(t, "hello")
	}
	beside.Send(t, "nobody wants this")
	for _, c := range []*harness.Client{inChat, below, beside} {
		c.Leave(t, 1000, "")
		if ev := closes.AwaitOne(t, "close", c.ID); ev.Data.Seq != 2 {
			t.Errorf("the close has seq %d, want 2: what is filtered takes a number", ev.Data.Seq)
		}
	}
	stop(t, node)
	any := func(*harness.Delivery) bool { return true }
	if got := len(chat.Received(any)); got != 4 {
		t.Errorf("chat got %d events, want 2 connects and 2 messages", got)
	}
	if got := len(closes.Received(any)); got != 3 {
		t.Errorf("closes got %d events, want 3", got)
	}
	if got := rest.Received(any); len(got) != 1 || got[0].Event.Data.ClientID != beside.ID {
		t.Errorf("rest got %d events, want the connect beside the chat", len(got))
	}
	for _, d := range chat.Received(any) {
		if d.Header.Get("x-tenant") != "acme" {
			t.Error("an event came without the endpoint's header")
		}
	}
}

// Events that aren't wanted aren't sent; without connect events everyone who may
// connect does, and each event keeps its number.
func TestEventsThatAreNotWanted(t *testing.T) {
	t.Parallel()
	backend := harness.NewBackend(t, echo)
	node := harness.Start(t, backend.Env(harness.Env{"GATEPOST_WEBHOOK_EVENTS": "message"}))
	c := node.Connect(t, harness.Dial{})
	c.Send(t, "hello")
	c.WantText(t, "hello")
	c.Leave(t, 1000, "")
	stop(t, node)
	all := backend.Received(func(*harness.Delivery) bool { return true })
	if len(all) != 1 || all[0].Event.Type != "message" || all[0].Event.Data.Seq != 1 {
		t.Errorf("%d events came, the first a %s with seq %d", len(all), all[0].Event.Type, all[0].Event.Data.Seq)
	}
}

// What each webhook's request has beside its body.
func TestWebhookRequestHeaders(t *testing.T) {
	t.Parallel()
	backend := harness.NewBackend(t, func(d *harness.Delivery) harness.Answer {
		if d.Attempt == 1 && d.Event.Type == "message" {
			return harness.Status(503)
		}
		return echo(d)
	})
	node := harness.Start(t, backend.Env(nil))
	const trace = "0af7651916cd43dd8448eb211c80319c"
	c := node.Connect(t, harness.Dial{Path: "/ws?a=1&a=2&b=", Header: http.Header{
		"Traceparent": {"00-" + trace + "-b7ad6b7169203331-01"}, "Cookie": {"a=1; b=2"}, "User-Agent": {"test"}, "X-Two": {"one", "two"},
	}, Subprotocols: []string{"chat", "superchat"}})
	c.Send(t, "hello")
	c.WantText(t, "hello")
	connect := backend.AwaitOne(t, "connect", c.ID)
	for _, moment := range []string{connect.Timestamp, connect.Data.ConnectedAt} {
		at, err := time.Parse("2006-01-02T15:04:05.000Z", moment)
		if err != nil || time.Since(at).Abs() > time.Minute {
			t.Errorf("the moment %q, %v, isn't now in UTC with milliseconds", moment, err)
		}
	}
	if connect.Data.RemoteAddr != "127.0.0.1" || connect.Data.RemotePort != c.Conn.LocalAddr().(*net.TCPAddr).Port || connect.Data.Node == "" {
		t.Errorf("the client is of %s port %d at node %q", connect.Data.RemoteAddr, connect.Data.RemotePort, connect.Data.Node)
	}
	request := connect.Data.Request
	if request.Path != "/ws" || request.RawQuery != "a=1&a=2&b=" || request.Query["a"] != "1" || request.Query["b"] != "" {
		t.Errorf("the request is %+v", request)
	}
	if request.Cookies["a"] != "1" || request.Cookies["b"] != "2" || request.Headers["cookie"] != "" || request.Headers["user-agent"] != "test" {
		t.Errorf("its cookies are %v, its headers %v", request.Cookies, request.Headers)
	}
	if got := request.Subprotocols; len(got) != 2 || got[0] != "chat" || got[1] != "superchat" || request.Claims != nil {
		t.Errorf("its subprotocols are %v, its claims %v", got, request.Claims)
	}
	attempts := backend.Received(harness.Of("message", c.ID))
	if len(attempts) != 2 || attempts[1].Attempt != 2 || attempts[0].Header.Get("webhook-id") != attempts[1].Header.Get("webhook-id") {
		t.Errorf("there are %d attempts at the message", len(attempts))
	}
	for _, d := range attempts {
		if got := d.Header.Get("gatepost-event"); got != "message" {
			t.Errorf("gatepost-event is %q", got)
		}
		if got := d.Header.Get("traceparent"); len(got) != 55 || got[3:35] != trace {
			t.Errorf("traceparent is %q, not of the client's trace", got)
		}
	}
}
