package api_test

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"

	"gatepost/protocol"
	"gatepost/web/api"
)

// What no call can mean is refused, and the node goes on.
func TestBadBodies(t *testing.T) {
	n := start(t)
	small := []string{"/bind", "/unbind", "/dissolve", "/until", "/groups", "/events/dead/show", "/events/dead/drop", "/nodes/forget"}
	calls := append(small, "/push", "/groups/g/join", "/groups/g/leave", "/join", "/leave", "/session", "/close",
		"/clients", "/uids", "/lookup", "/actions", "/events/dead/replay")
	for _, tt := range []struct {
		name, body string
		status     int
		code       string
	}{
		{"empty", "", 400, "bad_json"},
		{"white space", " \n", 400, "bad_json"},
		{"not JSON", "all", 400, "bad_json"},
		{"cut off", `{"all":`, 400, "bad_json"},
		{"something behind it", `{} {}`, 400, "bad_json"},
		{"a brace behind it", `{}}`, 400, "bad_json"},
		{"not UTF-8", "{\"text\":\"\xff\"}", 400, "bad_json"},
		{"deep", strings.Repeat("[", 20_000) + strings.Repeat("]", 20_000), 400, "bad_json"},
		{"deep objects", strings.Repeat(`{"a":`, 20_000) + "1" + strings.Repeat("}", 20_000), 400, "bad_json"},
		{"a string", `"all"`, 400, "bad_field"},
		{"null", `null`, 400, "bad_field"},
		{"an unknown field", `{"nonsense":1}`, 400, "unknown_field"},
		{"a misspelt case", `{"Clients":[]}`, 400, "unknown_field"},
	} {
		for _, path := range calls {
			if len(tt.body) > 60_000 && slices.Contains(small, path) {
				continue // too large for these already
			}
			n.expect(tt.status, tt.code, http.MethodPost, path, tt.body)
		}
	}
	large := `{"text":"` + strings.Repeat("x", 5_000_000) + `"}`
	for _, path := range calls[:len(calls)-2] {
		n.expect(413, "too_large", http.MethodPost, path, large)
	}
	n.expect(413, "too_large", http.MethodPost, "/push/all", large)
	n.expect(413, "too_large", http.MethodPost, "/actions", strings.Repeat(" ", 9<<20))
	for _, path := range calls {
		n.expect(415, "unsupported_media_type", http.MethodPost, path, `{}`, request{contentType: "multipart/form-data; boundary=x"})
	}
	n.expect(200, "", http.MethodGet, "/stats", "")
}

// A call that takes no body has none: what was meant by it would be lost.
func TestBodiesWhereNoneIs(t *testing.T) {
	n := start(t)
	n.expect(400, "bad_field", http.MethodDelete, "/groups/g", `{"force":true}`)
	n.expect(400, "bad_field", http.MethodGet, "/clients", `{"limit":1}`)
	n.expect(200, "", http.MethodGet, "/clients", "", request{contentType: "application/x-www-form-urlencoded"})
}

func TestUnknownParameters(t *testing.T) {
	n := start(t)
	for _, call := range []string{"GET /groups/g", "GET /uids/a", "GET /stats", "DELETE /groups/g", "POST /push", "GET /clients/a"} {
		method, path, _ := strings.Cut(call, " ")
		got := n.expect(400, "unknown_field", method, path+"?pretty=1", "")
		if got.field("field") != `"pretty"` {
			t.Errorf("%s: got %s", call, got.body)
		}
	}
}

func TestUnknownRoutesAndMethods(t *testing.T) {
	n := start(t)
	n.expect(404, "not_found", http.MethodGet, "/nowhere", "", request{token: "none"})
	n.expect(404, "not_found", http.MethodPost, "/push/uid/42", "")
	for path, allow := range map[string][]string{
		"/push":              {"POST"},
		"/groups/g":          {"GET", "DELETE"},
		"/clients/a":         {"GET", "HEAD", "DELETE"},
		"/clients/a/session": {"GET", "PUT", "PATCH"},
	} {
		got := n.expect(405, "method_not_allowed", "TRACE", path, "")
		for _, method := range allow {
			if !strings.Contains(got.header.Get("Allow"), method) {
				t.Errorf("%s: Allow is %q, want %s in it", path, got.header.Get("Allow"), method)
			}
		}
	}
}

// broken is a gateway that fails.
type broken struct{ api.Gateway }

const secretText = "password of the database"

func (broken) Stats(context.Context) (*protocol.Stats, error) { return nil, errors.New(secretText) }
func (broken) Do(context.Context, *protocol.Action) (protocol.Result, error) {
	return nil, errors.New(secretText)
}
func (broken) Group(context.Context, string) (protocol.GroupCount, error) { panic(secretText) }

func TestInternalErrorsStayInside(t *testing.T) {
	n := startWith(t, func(d *api.Deps) { d.Gateway = broken{d.Gateway} })
	for _, call := range []string{"GET /stats", "GET /groups/g", "POST /push/all"} {
		method, path, _ := strings.Cut(call, " ")
		got := n.expect(500, "internal", method, path, "")
		if strings.Contains(string(got.body), "password") {
			t.Errorf("%s: got %s", call, got.body)
		}
	}
	got := n.expect(200, "", http.MethodPost, "/actions", `{"actions":[{"action":"send","all":true,"text":"x"}]}`)
	if !strings.Contains(string(got.body), `"code":"internal"`) || strings.Contains(string(got.body), "password") {
		t.Errorf("got %s", got.body)
	}
	logged := n.log.String()
	if strings.Count(logged, secretText) < 4 || !strings.Contains(logged, "strict_test.go") {
		t.Errorf("the log doesn't say what failed and where: %s", logged)
	}
}

func TestDeadLetters(t *testing.T) {
	n := start(t)
	n.dead.letters = append(n.dead.letters, letter("evt_1_close"))
	n.expect(200, `{"id":"evt_1_close","type":"message","client_id":"c1","endpoint":"default","died_at":"0001-01-01T00:00:00.000Z","reason":"exhausted",
		"attempts":[{"at":"0001-01-01T00:00:00.000Z","status":500,"error":"500 Internal Server Error"}],"event":{"type":"message"}}`, http.MethodGet, "/events/dead/evt_1_close", "")
	n.expect(404, "not_found", http.MethodGet, "/events/dead/evt_2", "")
	n.expect(404, "not_found", http.MethodGet, "/events/dead/replay", "")
	n.expect(202, `{"replayed":1}`, http.MethodPost, "/events/dead/replay", `{"all":true}`)
	n.expect(202, `{"replayed":1}`, http.MethodPost, "/events/dead/replay", `{"ids":["evt_1_close"]}`)
	n.expect(404, "not_found", http.MethodPost, "/events/dead/replay", `{"ids":["evt_1_close","evt_2"]}`)
	n.expect(400, "bad_field", http.MethodPost, "/events/dead/replay", `{}`)
	n.expect(200, `{"id":"evt_1_close","dropped":true}`, http.MethodDelete, "/events/dead/evt_1_close", "")
	n.expect(404, "not_found", http.MethodDelete, "/events/dead/evt_2", "")
}

// Without webhooks there are no dead letters, and the calls say so.
func TestWithoutWebhooks(t *testing.T) {
	n := startWith(t, func(d *api.Deps) { d.DeadLetters = nil })
	n.expect(200, `{"events":[],"cursor":null}`, http.MethodGet, "/events/dead", "")
	n.expect(404, "not_found", http.MethodGet, "/events/dead/evt_1", "")
	n.expect(404, "not_found", http.MethodDelete, "/events/dead/evt_1", "")
	n.expect(202, `{"replayed":0}`, http.MethodPost, "/events/dead/replay", `{"all":true}`)
	got := n.expect(404, "not_found", http.MethodPost, "/events/dead/replay", `{"ids":["evt_1"]}`)
	if !strings.Contains(string(got.body), `"field":"ids"`) {
		t.Errorf("the problem doesn't name the field as it was sent: %s", got.body)
	}
}
