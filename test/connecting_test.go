package test

import (
	"fmt"
	"net/http"
	"testing"

	"gatepost/test/harness"
)

// A backend's onConnect may bind the client that it is told of and push to it,
// before it answers: no deadlock, and the push arrives behind the welcome.
func TestOnConnectCallsBackBeforeItAnswers(t *testing.T) {
	t.Parallel()
	var node *harness.Node
	called := make(chan string, 1)
	backend := harness.NewBackend(t, func(d *harness.Delivery) harness.Answer {
		if d.Event.Type != "connect" {
			return harness.Answer{}
		}
		id := d.Event.Data.ClientID
		api := node.API(t, "bind push group read")
		bound := api.Do("POST", "/bind", fmt.Sprintf(`{"client_id":%q,"uid":"tom"}`, id))
		pushed := api.Do("POST", "/push/clients/"+id, "one")
		byUID := api.Do("POST", "/push/uids/tom", "two")
		joined := api.Do("POST", "/groups/room/join", fmt.Sprintf(`{"client_id":%q}`, id))
		byGroup := api.Do("POST", "/push/groups/room", "three")
		stats := api.Do("GET", "/stats", "")
		called <- fmt.Sprintf("%s\n%s\n%s\n%s\n%s\n%s", bound.Body, pushed.Body, byUID.Body, joined.Body, byGroup.Body, stats.Body[:min(13, len(stats.Body))])
		return harness.JSON(map[string]any{"actions": []any{
			map[string]any{"action": "send", "clients": []string{id}, "text": "four"},
		}})
	})
	node = harness.Start(t, backend.Env(nil))
	c := node.Connect(t, harness.Dial{})
	want := fmt.Sprintf(`{"client_id":%q,"uid":"tom","previous_uid":null}`, c.ID) + "\n" +
		`{"matched":1,"queued":1,"dropped":0}` + "\n" +
		`{"matched":1,"queued":1,"dropped":0}` + "\n" +
		`{"group":"room","changed":1,"missing":[]}` + "\n" +
		`{"matched":1,"queued":1,"dropped":0}` + "\n" +
		`{"clients":0,`
	if got := <-called; got != want {
		t.Errorf("onConnect was answered\n%s\nwant\n%s", got, want)
	}
	for _, text := range []string{"one", "two", "three", "four"} {
		c.WantText(t, text)
	}
	node.API(t, "read").Want(200, `{"uid":"tom","online":true,"clients":["`+c.ID+`"]}`, "GET", "/uids/tom", "")
}

// Only a 2xx with nothing or a JSON object accepts a client: a PHP page with a
// fatal error is a 200 too.
func TestConnectOutcomes(t *testing.T) {
	t.Parallel()
	html := harness.Answer{Body: "<br />\n<b>Fatal error</b>: Uncaught TypeError in Events.php", Header: map[string]string{"content-type": "text/html"}}
	for _, c := range []struct {
		name   string
		answer harness.Answer
		status int    // of the handshake; 101: accepted
		body   string // of the refusal, in part
		closes int    // close events
	}{
		{"accepted by nothing", harness.Answer{}, 101, "", 0},
		{"accepted by 204", harness.Status(204), 101, "", 0},
		{"accepted by an object", harness.Answer{Body: `{}`}, 101, "", 0},
		{"accepted by PHP's empty object", harness.Answer{Body: `[]`}, 101, "", 0},
		{"an HTML page with 200", html, 503, "", 1},
		{"a JSON array", harness.Answer{Body: `[1]`}, 503, "", 1},
		{"broken JSON", harness.Answer{Body: `{"uid":`}, 503, "", 1},
		{"refused with a text", harness.Answer{Status: 403, Body: "no seat for you"}, 403, "no seat for you", 0},
		{"refused with 401", harness.Status(401), 401, "", 0},
		{"refused with 429", harness.Answer{Status: 429, Body: "later"}, 429, "later", 0},
		{"a failing backend", harness.Status(500), 503, "", 1},
		{"an absent backend", harness.Status(502), 503, "", 1},
		{"a redirect", harness.Answer{Status: 302, Header: map[string]string{"location": "/elsewhere"}}, 503, "", 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			backend := harness.NewBackend(t, func(d *harness.Delivery) harness.Answer {
				if d.Event.Type == "connect" {
					return c.answer
				}
				return harness.Answer{}
			})
			node := harness.Start(t, backend.Env(harness.Env{"GATEPOST_WEBHOOK_TIMEOUT": "2s"}))
			client, err := node.TryConnect(t, harness.Dial{})
			if c.status == http.StatusSwitchingProtocols {
				if err != nil {
					t.Fatal(err)
				}
				node.API(t, "read").Want(200, "", "GET", "/clients/"+client.ID, "")
				return
			}
			wantRefused(t, err, c.status, c.body)
			id := backend.AwaitOne(t, "connect", "").Data.ClientID
			node.API(t, "read").WantProblem(404, "client_gone", "GET", "/clients/"+id, "")
			if c.closes > 0 {
				ev := backend.AwaitOne(t, "close", id)
				if got := ev.Data.Close.Initiator; got != "gateway" {
					t.Errorf("the close's initiator is %q", got)
				}
			}
			stop(t, node)
			if ids := distinct(backend.Received(harness.Of("close", id))); len(ids) != c.closes {
				t.Errorf("%d close events came, want %d", len(ids), c.closes)
			}
		})
	}
}

// A connect that timed out may have been accepted: the backend is told of a close,
// exactly once.
func TestConnectThatTimesOut(t *testing.T) {
	t.Parallel()
	backend := harness.NewBackend(t, func(d *harness.Delivery) harness.Answer {
		if d.Event.Type == "connect" {
			<-d.Gone
		}
		return harness.Answer{}
	})
	node := harness.Start(t, backend.Env(harness.Env{"GATEPOST_WEBHOOK_TIMEOUT": "700ms"}))
	_, err := node.TryConnect(t, harness.Dial{})
	wantRefused(t, err, 503, "")
	id := backend.AwaitOne(t, "connect", "").Data.ClientID
	backend.AwaitOne(t, "close", id)
	stop(t, node)
	if ids := distinct(backend.Received(harness.Of("close", id))); len(ids) != 1 {
		t.Errorf("%d close events came, want 1", len(ids))
	}
}

// Nothing was written to a backend that isn't there: there is nothing to close.
func TestConnectWithoutABackend(t *testing.T) {
	t.Parallel()
	gone := harness.ClosedPort(t)
	node := harness.Start(t, harness.Env{
		"GATEPOST_WEBHOOK_URL": "http://" + gone, "GATEPOST_WEBHOOK_SECRET": harness.WebhookSecret, "GATEPOST_WEBHOOK_TIMEOUT": "1s",
	})
	_, err := node.TryConnect(t, harness.Dial{})
	wantRefused(t, err, 503, "")
	node.API(t, "admin").Want(200, `{"events":[],"cursor":null}`, "GET", "/events/dead", "")
}
