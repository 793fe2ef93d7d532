package test

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"gatepost/test/harness"
	"gatepost/test/wait"
)

// A message's reply that can't be read is the event's end, not the client's:
// nothing is carried out, nothing is tried again, and the log says how it began.
func TestMessageRepliesThatCannotBeRead(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		answer harness.Answer
		logged string // what a warning shows of the reply
		tries  int
	}{
		{"an HTML page", harness.Answer{
			Body:   "<br />\n<b>Fatal error</b>: Uncaught TypeError in Events.php on line 12" + strings.Repeat(" padding", 100),
			Header: map[string]string{"content-type": "text/html"},
		}, "Fatal error", 1},
		{"broken JSON", harness.Answer{Body: `{"reply":"half a`}, "half a", 1},
		{"an array", harness.Answer{Body: `["a list"]`}, "a list", 1},
		{"trailing garbage", harness.Answer{Body: `{"reply":"unsaid"} and more`}, "and more", 1},
		{"nested 20,000 deep", harness.Answer{Body: `{"reply":` + strings.Repeat("[", 20_000) + strings.Repeat("]", 20_000) + `}`}, "[[[[", 1},
		{"UTF-8 it isn't", harness.Answer{Body: "{\"reply\":\"\xff\xfe\"}"}, "", 1},
		{"a field that no reply has", harness.Answer{Body: `{"action":[{"action":"close"}]}`}, "did you mean", 1},
		{"a redirect", harness.Answer{Status: 307, Header: map[string]string{"location": "/elsewhere"}}, "", 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			backend := harness.NewBackend(t, func(d *harness.Delivery) harness.Answer {
				if d.Event.Text() == "provoke" {
					return c.answer
				}
				return echo(d)
			})
			node := harness.Start(t, backend.Env(nil))
			client := node.Connect(t, harness.Dial{})
			client.Send(t, "provoke")
			client.Send(t, "and then")
			client.WantText(t, "and then")
			provoked := backend.Received(func(d *harness.Delivery) bool { return d.Event.Text() == "provoke" })
			if len(provoked) != c.tries {
				t.Errorf("the message was sent %d times, want %d", len(provoked), c.tries)
			}
			for _, d := range backend.Received(harness.Of("message", client.ID)) {
				if d.Path != "/hook" {
					t.Errorf("a redirect to %s was followed", d.Path)
				}
			}
			if c.logged != "" {
				wait.For(t, "a warning shows the reply's first bytes", func() bool {
					return node.Log.Has(`"level":"WARN"`, client.ID, c.logged)
				})
			}
			if c.logged != "" && node.Log.Has(strings.Repeat(" padding", 30)) {
				t.Error("the log has more than the reply's first 200 bytes")
			}
		})
	}
}

// A backend that answers without end, or begins and never goes on, costs the
// gateway a bounded time and memory and the client nothing.
func TestMessageRepliesWithoutEnd(t *testing.T) {
	t.Parallel()
	for name, write := range map[string]func(*harness.Delivery) func(http.ResponseWriter){
		"endless": func(*harness.Delivery) func(http.ResponseWriter) {
			return func(w http.ResponseWriter) {
				for range 64 { // MiB, far more than is read
					if _, err := io.WriteString(w, strings.Repeat("x", 1<<20)); err != nil {
						return
					}
				}
			}
		},
		"stalled": func(d *harness.Delivery) func(http.ResponseWriter) {
			return func(w http.ResponseWriter) {
				_, _ = io.WriteString(w, `{"reply":"unsaid`)
				_ = http.NewResponseController(w).Flush()
				<-d.Gone
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			backend := harness.NewBackend(t, func(d *harness.Delivery) harness.Answer {
				if d.Event.Text() == "provoke" {
					return harness.Answer{Write: write(d)}
				}
				return echo(d)
			})
			// What the quick tries don't deliver is tried until it is too old.
			node := harness.Start(t, backend.Env(harness.Env{"GATEPOST_WEBHOOK_TIMEOUT": "500ms", "GATEPOST_MESSAGE_TTL": "8s"}))
			client, other := node.Connect(t, harness.Dial{}), node.Connect(t, harness.Dial{})
			client.Send(t, "provoke")
			begun := time.Now()
			other.Send(t, "beside it")
			other.WantText(t, "beside it")
			if took := time.Since(begun); took > 3*time.Second {
				t.Errorf("another client waited %s", took)
			}
			backend.Await(t, 5, func(d *harness.Delivery) bool { return d.Event.Text() == "provoke" })
			client.Send(t, "and then")
			client.WantText(t, "and then")
			if rss := node.RSS(t); rss > 200<<20 {
				t.Errorf("the node takes %d MiB", rss>>20)
			}
		})
	}
}

// echo replies to each message with its own text.
func echo(d *harness.Delivery) harness.Answer {
	if d.Event.Type != "message" {
		return harness.Answer{}
	}
	return harness.JSON(map[string]string{"reply": d.Event.Text()})
}
