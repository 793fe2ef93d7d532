package webhooks

import (
	"io"
	"log/slog"
	"strings"
	"testing"
	"time"

	"gatepost/protocol"
)

func discard() *slog.Logger { return slog.New(slog.NewTextHandler(io.Discard, nil)) }

func TestEveryFaultOfTheEndpointsIsNamed(t *testing.T) {
	signer := keys{newKey(t, 1)}
	_, err := New(Config{MessageTTL: -1, Endpoints: []Endpoint{
		{Name: "a", URL: "ftp://me:hush@host", Path: "chat", Events: []protocol.EventType{"open"}, Timeout: -time.Second},
		{Name: "", URL: "http://host", Signer: signer},
		{Name: "b", URL: "http://me:hush@ho st/%zz", Signer: signer, Headers: map[string]string{"Webhook-Id": "x", "a b": "x", "ok": "a\nb"}},
		{Name: "c", URL: "https://host", Signer: signer},
		{Name: "c", URL: "https://host", Signer: signer},
	}}, discard(), nil)
	if err == nil {
		t.Fatal("no error")
	}
	for _, want := range []string{"time to live", `"a": the URL`, `"a": the path`, `"open"`, `"a": there is no secret`, "negative",
		"the name is empty", `"b": the URL`, "Webhook-Id is the gateway's", `"a b" can't be`, "header ok has", "two of that name"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q is missing in: %v", want, err)
		}
	}
	if strings.Contains(err.Error(), "hush") {
		t.Errorf("a password is in: %v", err)
	}
}

func TestRouting(t *testing.T) {
	signer := keys{newKey(t, 1)}
	d, err := New(Config{Endpoints: []Endpoint{
		{Name: "chat", URL: "http://h/1", Signer: signer, Path: "/chat/", Events: []protocol.EventType{protocol.Inbound}},
		{Name: "chat-rest", URL: "http://h/2", Signer: signer, Path: "/chat"},
		{Name: "closes", URL: "http://h/3", Signer: signer, Path: "/", Events: []protocol.EventType{protocol.Close}},
	}}, discard(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	tests := []struct {
		t    protocol.EventType
		path string
		want string
	}{
		{protocol.Inbound, "/chat", "chat"}, {protocol.Inbound, "/chat/", "chat"}, {protocol.Inbound, "/chat/x", "chat"},
		{protocol.Connect, "/chat/x", "chat-rest"}, {protocol.Close, "/chat", "chat-rest"},
		{protocol.Inbound, "/chatter", ""}, {protocol.Inbound, "/x/chat", ""}, {protocol.Inbound, "", ""},
		{protocol.Close, "/chatter", "closes"}, {protocol.Close, "", "closes"}, {protocol.Connect, "/", ""},
	}
	for _, tt := range tests {
		name := ""
		if e := d.route(tt.t, tt.path); e != nil {
			name = e.Name
		}
		if name != tt.want || d.Wants(tt.t, tt.path) != (tt.want != "") {
			t.Errorf("%s at %q goes to %q, want %q", tt.t, tt.path, name, tt.want)
		}
	}
	o := d.Deliver(t.Context(), "/nowhere", "", event(protocol.Connect, "c1", 0))
	if o.Verdict != protocol.Delivered || o.Reply == nil || o.OwesClose {
		t.Errorf("an event that nobody wants: %+v", o)
	}
}
