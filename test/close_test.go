package test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"gatepost/test/harness"
	"gatepost/test/wait"
)

// However a connection ends, the client sees the documented code and the backend
// hears once who ended it and how.
func TestWhoEndedIt(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name      string
		env       harness.Env
		dial      func(t *testing.T) harness.Dial
		end       func(t *testing.T, node *harness.Node, c *harness.Client)
		sees      int // by the client; 0: it isn't asked
		code      int
		reason    string
		initiator string
	}{
		{name: "the client, with a code", sees: 0, code: 4321, reason: "gone fishing", initiator: "client",
			end: func(t *testing.T, _ *harness.Node, c *harness.Client) { c.Leave(t, 4321, "gone fishing") }},
		{name: "the client, as browsers do", sees: 1001, code: 1001, initiator: "client",
			end: func(t *testing.T, _ *harness.Node, c *harness.Client) { c.Leave(t, 1001, "") }},
		{name: "the client, without a code", sees: 1005, code: 1005, initiator: "client",
			end: func(t *testing.T, _ *harness.Node, c *harness.Client) { c.Leave(t, 1005, "") }},
		{name: "the network", code: 1006, initiator: "network",
			end: func(_ *testing.T, _ *harness.Node, c *harness.Client) { c.Cut() }},
		{name: "the backend, without a code", sees: 1000, code: 1000, initiator: "backend",
			end: func(t *testing.T, node *harness.Node, c *harness.Client) {
				node.API(t, "close").Want(200, `{"client_id":"`+c.ID+`","closed":true}`, "DELETE", "/clients/"+c.ID, "")
			}},
		{name: "the backend, with a code", sees: 4200, code: 4200, reason: "kicked", initiator: "backend",
			end: func(t *testing.T, node *harness.Node, c *harness.Client) {
				node.API(t, "close").Want(200, `{"matched":1,"closed":1}`, "POST", "/close", `{"clients":["`+c.ID+`"],"code":4200,"reason":"kicked"}`)
			}},
		{name: "the backend, by force", sees: 1006, code: 1000, initiator: "backend",
			end: func(t *testing.T, node *harness.Node, c *harness.Client) {
				node.API(t, "close").Want(200, "", "DELETE", "/clients/"+c.ID+"?force=true", "")
			}},
		{name: "until, from the token", sees: 4001, code: 4001, initiator: "gateway",
			dial: func(t *testing.T) harness.Dial {
				return harness.Dial{Path: "/ws?token=" + harness.ClientToken(t, "tom", harness.Claims{"until": time.Now().Add(2 * time.Second).Unix()})}
			},
			end: func(*testing.T, *harness.Node, *harness.Client) {}},
		{name: "until, long past", sees: 4001, code: 4001, initiator: "gateway",
			end: func(t *testing.T, node *harness.Node, c *harness.Client) {
				node.API(t, "close").Want(200, "", "PUT", "/clients/"+c.ID+"/until", `{"at":1}`)
			}},
		{name: "until, by a call", sees: 4001, code: 4001, initiator: "gateway",
			end: func(t *testing.T, node *harness.Node, c *harness.Client) {
				at := time.Now().Unix() + 1
				node.API(t, "close").Want(200, fmt.Sprintf(`{"client_id":%q,"at":%d}`, c.ID, at), "PUT", "/clients/"+c.ID+"/until", fmt.Sprintf(`{"at":%d}`, at))
			}},
		{name: "a message too big", env: harness.Env{"GATEPOST_MAX_MESSAGE": "10B"}, sees: 1009, code: 1009, initiator: "gateway",
			end: func(t *testing.T, _ *harness.Node, c *harness.Client) { c.Send(t, "eleven byte") }},
		{name: "no pong", env: harness.Env{"GATEPOST_PING_INTERVAL": "2s", "GATEPOST_PONG_TIMEOUT": "300ms"}, code: 1006, initiator: "network",
			dial: func(*testing.T) harness.Dial { return harness.Dial{NoPong: true} },
			end:  func(*testing.T, *harness.Node, *harness.Client) {}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			backend := harness.NewBackend(t, func(d *harness.Delivery) harness.Answer {
				if d.Event.Type == "connect" {
					return harness.JSON(map[string]any{"uid": "tom", "groups": []string{"room"}, "session": map[string]any{"lang": "en"}})
				}
				return echo(d)
			})
			node := harness.Start(t, backend.Env(c.env))
			dial := harness.Dial{}
			if c.dial != nil {
				dial = c.dial(t)
			}
			client := node.Connect(t, dial)
			client.Send(t, "hello")
			client.WantText(t, "hello")
			wait.For(t, "what was sent is counted", func() bool {
				return node.Metric(t, "gatepost_frames_total", `direction="out"`) >= 2
			})
			c.end(t, node, client)
			if c.sees != 0 {
				client.WantClosed(t, c.sees)
			}
			ev := backend.AwaitOne(t, "close", client.ID)
			info := ev.Data.Close
			if info.Code != c.code || info.Initiator != c.initiator || c.reason != "" && info.Reason != c.reason {
				t.Errorf("the close event says %d %q by %s, want %d %q by %s", info.Code, info.Reason, info.Initiator, c.code, c.reason, c.initiator)
			}
			if in, out := info.MessagesIn, info.MessagesOut; c.code != 1009 && (in != 1 || out != 2) {
				t.Errorf("it counts %d messages in and %d out, want 1 and 2", in, out)
			}
			if ev.UID() != "tom" || strings.Join(ev.Data.Groups, " ") != "room" || string(ev.Data.Session) != `{"lang":"en"}` {
				t.Errorf("it is of uid %q, groups %v, session %s", ev.UID(), ev.Data.Groups, ev.Data.Session)
			}
			if ev.Data.UIDRemaining == nil || *ev.Data.UIDRemaining != 0 || ev.Data.Seq != 2 {
				t.Errorf("uid_remaining is %v, seq %d", ev.Data.UIDRemaining, ev.Data.Seq)
			}
			node.API(t, "read").WantProblem(404, "client_gone", "GET", "/clients/"+client.ID, "")
			stop(t, node)
			if closes := backend.Received(harness.Of("close", client.ID)); len(closes) != 1 {
				t.Errorf("there are %d close events", len(closes))
			}
		})
	}
}

// A backend's last words come before the close frame, whichever way it closes:
// by a call, in a message's reply, in a connect's.
func TestLastWords(t *testing.T) {
	t.Parallel()
	backend := harness.NewBackend(t, func(d *harness.Delivery) harness.Answer {
		closing := map[string]any{"action": "close", "code": 4100, "reason": "enough", "text": "bye from the reply"}
		switch {
		case d.Event.Type == "connect" && d.Event.Data.Request.Query["full"] == "1":
			closing["text"] = "the room is full"
			return harness.JSON(map[string]any{"actions": []any{closing}})
		case d.Event.Text() == "quit":
			return harness.JSON(map[string]any{"reply": "too late: the close came first", "actions": []any{
				map[string]any{"action": "send", "clients": []string{d.Event.Data.ClientID}, "text": "first this"}, closing,
			}})
		}
		return harness.Answer{}
	})
	node := harness.Start(t, backend.Env(nil))

	byCall := node.Connect(t, harness.Dial{})
	node.API(t, "close push").Want(200, `{"client_id":"`+byCall.ID+`","closed":true}`, "DELETE", "/clients/"+byCall.ID+"?code=4100&reason=enough", "bye from the call", "content-type", "text/plain")
	byCall.WantText(t, "bye from the call")
	byReply := node.Connect(t, harness.Dial{})
	byReply.Send(t, "quit")
	byReply.WantText(t, "first this")
	byReply.WantText(t, "bye from the reply")
	atOnce := node.Connect(t, harness.Dial{Path: "/ws?full=1"})
	atOnce.WantText(t, "the room is full")
	for _, c := range []*harness.Client{byCall, byReply, atOnce} {
		if code, reason := c.Closed(t); code != 4100 || reason != "enough" {
			t.Errorf("closed with %d %q", code, reason)
		}
		if info := backend.AwaitOne(t, "close", c.ID).Data.Close; info.Initiator != "backend" || info.Code != 4100 {
			t.Errorf("the close event says %d by %s", info.Code, info.Initiator)
		}
	}
}

// At least one of a uid's clients that leave says that none remains, however
// many leave at once.
func TestUIDRemaining(t *testing.T) {
	t.Parallel()
	backend := harness.NewBackend(t, nil)
	node := harness.Start(t, backend.Env(nil))
	var clients []*harness.Client
	for range 10 {
		clients = append(clients, node.Connect(t, harness.Dial{Path: "/ws?token=" + harness.ClientToken(t, "tom", nil)}))
	}
	clients[0].Leave(t, 1000, "")
	if ev := backend.AwaitOne(t, "close", clients[0].ID); ev.Data.UIDRemaining == nil || *ev.Data.UIDRemaining != 9 {
		t.Errorf("the first of ten leaves %v", ev.Data.UIDRemaining)
	}
	node.API(t, "close").Want(200, `{"matched":9,"closed":9}`, "POST", "/close", `{"uids":["tom"]}`)
	none := 0
	for _, d := range backend.Await(t, 10, harness.Of("close", "")) {
		if left := d.Event.Data.UIDRemaining; left != nil && *left == 0 {
			none++
		}
	}
	if none == 0 {
		t.Error("no close says that none remains")
	}
}
