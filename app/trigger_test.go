package main

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"gatepost/auth"
)

// backendOf answers every webhook so, once its signature is found good.
func backendOf(t *testing.T, status int, body string) string {
	t.Helper()
	secrets, err := auth.ParseWebhookSecrets(testWebhookSecret)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		event, _ := io.ReadAll(r.Body)
		h := r.Header
		if err := secrets.Verify(h.Get("webhook-id"), h.Get("webhook-timestamp"), h.Get("webhook-signature"), event, time.Now()); err != nil {
			t.Errorf("the webhook isn't signed: %v", err)
		}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}))
	t.Cleanup(server.Close)
	return server.URL
}

func TestTrigger(t *testing.T) {
	for name, test := range map[string]struct {
		args   []string
		status int
		body   string
		good   bool
		want   []string
	}{
		"a client is let in": {[]string{"connect", "--query", "name=anna", "--cookie", "sid=1", "--header", "X-A: b"}, 200,
			`{"uid":42,"groups":["a","b"],"session":{"x":1},"until":0,"subprotocol":"chat"}`, true, []string{
				`"name": "anna"`, `"sid": "1"`, `"x-a": "b"`, "let in", `its uid is "42"`, `it joins "a", "b"`, `its session is {"x":1}`,
				"closed with 4001 at 1970-01-01", `"chat" is selected`}},
		"a client is refused":          {[]string{"connect"}, 403, "no", false, []string{"refused with 403"}},
		"a page with a fatal error":    {[]string{"connect"}, 200, "<b>Fatal error</b>", false, []string{"Fault: ", "refused with 503"}},
		"a message is answered":        {[]string{"message", "--text", "hi", "--uid", "42"}, 200, `{"reply":{"a":1},"session":{"b":null}}`, true, []string{`"text": "hi"`, `the sender gets "{\"a\":1}"`, `{"b":null} is merged`}},
		"a message without an answer":  {[]string{"message"}, 204, "", true, []string{"nothing else is asked for"}},
		"a binary message":             {[]string{"message", "--binary", "--text", "-"}, 200, "", true, []string{`"binary": "aGk="`}},
		"an answer with broken JSON":   {[]string{"message"}, 200, `{"reply":`, false, []string{"nothing carried out"}},
		"a message that fails":         {[]string{"message"}, 500, "oops", false, []string{"a dead letter"}},
		"a message that is refused":    {[]string{"message"}, 410, "", false, []string{"a dead letter at once"}},
		"a path that isn't there":      {[]string{"message"}, 404, "", false, []string{"for ten minutes", "gatepost-refuse: 1"}},
		"a proxy without a route":      {[]string{"connect"}, 404, "", false, []string{"refused with 503", "gatepost-refuse: 1"}},
		"an edge without an origin":    {[]string{"message"}, 522, "", false, []string{"sent again", "Cloudflare"}},
		"a status that says no":        {[]string{"message"}, 501, "", false, []string{"a dead letter at once"}},
		"a redirect to a login":        {[]string{"message"}, 302, "", false, []string{"Hint: redirects aren't followed"}},
		"a check for CSRF":             {[]string{"connect"}, 419, "", false, []string{"Hint: this is Laravel's", "refused with 419"}},
		"another secret":               {[]string{"connect"}, 401, "", false, []string{"GATEPOST_WEBHOOK_SECRET"}},
		"a backend that is away":       {[]string{"message"}, 503, "", false, []string{"sent again", "dead letter"}},
		"a close that fails":           {[]string{"close", "--code", "1006"}, 500, "", false, []string{`"initiator": "network"`, "sent again"}},
		"a field that no reply has":    {[]string{"close"}, 200, `{"reply":"bye"}`, true, []string{`no reply to a close has a field "reply"; it is passed over (only the reply to a message has it)`}},
		"what a terminal would obey":   {[]string{"message"}, 500, "\x1b[2J", false, []string{"\ufffd[2J"}},
		"an action that can't be read": {[]string{"message"}, 200, `{"actions":[{"action":"bind","client_id":"a"},{"action":"dissolve","group":"g"}]}`, false, []string{`action 1 can't be read, and fails alone: the field "uid" is missing`, `action 2: all leave the group "g"`}},
		"every action": {[]string{"message", "--client", "c1"}, 200, `{"actions":[
			{"action":"send","groups":["g"],"uids":["u"],"except_clients":["x"],"text":"t"},
			{"action":"send","all":true,"binary":"AAA="},
			{"action":"bind","uid":"u"},{"action":"unbind"},{"action":"join","groups":["g"]},{"action":"leave","groups":["g"]},
			{"action":"session","merge":{"a":1}},{"action":"until","at":0},{"action":"until","at":null},
			{"action":"close","code":4100,"reason":"bye","text":"last","force":true,"discard":true}]}`, true, []string{
			`action 1: send "t" to the clients of uid "u" and the group "g" except x`, "action 2: send 2 bytes to all clients",
			`action 3: bind c1 to the uid "u"`, "action 4: unbind c1", `action 5: c1 joins "g"`, `action 6: c1 leaves "g"`,
			`action 7: merge the session of c1 with {"a":1}`, "action 8: c1 is closed with 4001", "action 9: c1 may stay",
			`action 10: close c1 with 4100 "bye", after "last", at once, and drop its messages that wait`}},
	} {
		t.Run(name, func(t *testing.T) {
			environ := []string{"GATEPOST_WEBHOOK_SECRET=" + testWebhookSecret, "GATEPOST_WEBHOOK_URL=" + backendOf(t, test.status, test.body)}
			got := gatepost(t, environ, "hi", append([]string{"trigger"}, test.args...)...)
			if (got.status == 0) != test.good || got.err != "" {
				t.Errorf("status %d, stderr %q", got.status, got.err)
			}
			for _, want := range test.want {
				if !strings.Contains(got.out, want) {
					t.Errorf("there is no %q in\n%s", want, got.out)
				}
			}
			if strings.Contains(got.out, "whsec_") || strings.Contains(got.out, "\x1b") {
				t.Errorf("a secret or an escape sequence is printed:\n%s", got.out)
			}
		})
	}
}

func TestTriggerTakesTheEndpointOfTheEvent(t *testing.T) {
	file := t.TempDir() + "/gatepost.yaml"
	writeFile(t, file, "webhooks:\n- {name: a, url: 'http://127.0.0.1:1', events: [connect]}\n- {name: b, url: '"+backendOf(t, 200, "")+"'}\n")
	environ := []string{"GATEPOST_WEBHOOK_SECRET=" + testWebhookSecret}
	if got := gatepost(t, environ, "", "trigger", "message", "--config", file); got.status != 0 {
		t.Errorf("a message: %+v", got)
	}
	if got := gatepost(t, environ, "", "trigger", "connect", "--config", file); got.status != 1 || !strings.Contains(got.out, "http://127.0.0.1:1") {
		t.Errorf("a connect: %+v", got)
	}
}
