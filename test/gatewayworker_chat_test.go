package test

import (
	"encoding/json"
	"strings"
	"testing"

	"gatepost/test/harness"
)

// A chat written for GatewayWorker's demo connects to "/", sends a ?token= of its
// own and answers the server's pings with {"type":"pong"}. Configuration alone
// makes it work: none of its code changes.
func TestChatWrittenForGatewayWorker(t *testing.T) {
	t.Parallel()
	for _, tokenFrom := range []string{"none", "header"} {
		t.Run(tokenFrom, func(t *testing.T) {
			t.Parallel()
			backend := harness.NewBackend(t, answerChat)
			config := harness.File(t, `
ws_path: /
token_from: `+tokenFrom+`
welcome: "off"
ping_interval: 300ms
pong_timeout: 5s
ping_data: '{"type":"ping"}'
heartbeats:
  - receive: '{"type":"pong"}'
  - receive: '{"type":"still there?"}'
    answer: '{"type":"yes"}'
`)
			node := harness.Start(t, backend.Env(harness.Env{harness.ConfigFile: config}))
			c := node.Connect(t, harness.Dial{Path: "/?token=of-the-application&room=7", NoWelcome: true})

			connect := backend.AwaitOne(t, "connect", "")
			request := connect.Data.Request
			if got := request.Query["token"]; got != "of-the-application" || !strings.Contains(request.RawQuery, "token=of-the-application") {
				t.Errorf("the connect event's token is %q, raw query %q; the application's own was expected", got, request.RawQuery)
			}
			if request.Path != "/" {
				t.Errorf("the path is %q", request.Path)
			}

			c.WantText(t, `{"type":"ping"}`)
			c.Send(t, `{"type":"pong"}`)
			c.Send(t, `{"type":"still there?"}`)
			awaitText(t, c, `{"type":"yes"}`)
			c.Send(t, `{"type":"login","client_name":"Tom"}`)
			awaitText(t, c, `{"type":"login","client_name":"Tom"}`)
			c.Send(t, `{"type":"pong"}`)
			c.Send(t, `{"type":"say","content":"hello"}`)
			awaitText(t, c, `{"type":"say","content":"hello"}`)

			messages := backend.Received(harness.Of("message", connect.Data.ClientID))
			if len(messages) != 2 {
				t.Fatalf("%d message events came, want login and say alone", len(messages))
			}
			for i, d := range messages {
				if d.Event.Data.Seq != i+1 {
					t.Errorf("message %d has seq %d, want %d: a heartbeat takes no number", i, d.Event.Data.Seq, i+1)
				}
			}
		})
	}
}

// answerChat sends each message to all, as the demo's Events class does.
func answerChat(d *harness.Delivery) harness.Answer {
	if d.Event.Type != "message" {
		return harness.Answer{}
	}
	return harness.JSON(map[string]any{"actions": []any{
		map[string]any{"action": "send", "all": true, "json": json.RawMessage(d.Event.Text())},
	}})
}

// awaitText reads until this text comes; pings of the application's may come
// before it.
func awaitText(t *testing.T, c *harness.Client, want string) {
	t.Helper()
	for {
		switch got := c.Text(t); got {
		case want:
			return
		case `{"type":"ping"}`:
		default:
			t.Fatalf("got %s, want %s", got, want)
		}
	}
}
