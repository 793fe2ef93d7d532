package main

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
)

// answering is the environment of a command that calls a gateway with this answer to
// everything; queries gets what was asked for.
func answering(t *testing.T, answer string) (environ []string, queries <-chan string) {
	t.Helper()
	asked := make(chan string, 10)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked <- r.URL.RawQuery
		_, _ = io.WriteString(w, answer)
	}))
	t.Cleanup(server.Close)
	return []string{"GATEPOST_URL=" + server.URL, "GATEPOST_TOKEN=t"}, asked
}

func TestListsTakeAnyLimit(t *testing.T) {
	for limit, want := range map[string]string{"1": "limit=1", "10001": "limit=10000", "18446744073709551615": "limit=10000"} {
		environ, queries := answering(t, `{"clients":[],"cursor":null}`)
		if got := gatepost(t, environ, "", "clients", "--limit", limit); got.status != 0 {
			t.Fatalf("limit %s: %+v", limit, got)
		}
		if got := <-queries; got != want {
			t.Errorf("limit %s: asked for %s, want %s", limit, got, want)
		}
	}
}

// A dead letter holds what a stranger sent: a terminal must not obey it.
func TestJSONSteersNoTerminal(t *testing.T) {
	const text = "\u009b2J\u007f\"é\u2028"
	letter, err := json.Marshal(map[string]string{"text": text})
	if err != nil {
		t.Fatal(err)
	}
	environ, _ := answering(t, string(letter))
	got := gatepost(t, environ, "", "dead", "show", "evt")
	if got.status != 0 || strings.ContainsAny(got.out, "\u007f\u009b") || !strings.Contains(got.out, "é") {
		t.Errorf("got %+v", got)
	}
	var read struct{ Text string }
	if err := json.Unmarshal([]byte(got.out), &read); err != nil || read.Text != text {
		t.Errorf("it reads %q, want %q (%v)", read.Text, text, err)
	}
}

// An answer without a silent node's part is printed, and whoever reads it is told so once.
func TestAnAnswerThatIsntWholeSaysSo(t *testing.T) {
	pages := make(chan string, 2)
	pages <- `{"clients":[{"client_id":"a","session":{"n":1.50}}],"cursor":"YQ"}`
	pages <- `{"clients":[{"client_id":"b","session":{}}],"cursor":null}`
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("gatepost-partial", "node%201, node-2")
		_, _ = io.WriteString(w, <-pages)
	}))
	t.Cleanup(server.Close)
	got := gatepost(t, []string{"GATEPOST_URL=" + server.URL, "GATEPOST_TOKEN=t"}, "", "clients", "--json")
	if want := "gatepost: this is without the part of nodes that didn't answer: node 1, node-2\n"; got.status != 0 || got.err != want {
		t.Errorf("status %d, stderr %q, want %q", got.status, got.err, want)
	}
	if !strings.Contains(got.out, `"n": 1.50`) || !strings.Contains(got.out, `"client_id": "b"`) {
		t.Errorf("got %s", got.out)
	}
}

func TestDeadLettersHaveTheirReason(t *testing.T) {
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"--json"}, `"reason": "rejected"`},
		{nil, "rejected  1      422"},
	} {
		environ, _ := answering(t, `{"events":[{"id":"evt_a_1","reason":"rejected","attempts":[{"status":422}]}],"cursor":null}`)
		if got := gatepost(t, environ, "", append([]string{"dead", "list"}, c.args...)...); got.status != 0 || !strings.Contains(got.out, c.want) {
			t.Errorf("%v: got %+v", c.args, got)
		}
	}
}

// What one name of several fails with keeps nobody from the others.
func TestDeadDropTriesAll(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if body, _ := io.ReadAll(r.Body); !strings.HasSuffix(string(body), `_there"}`) {
			w.WriteHeader(http.StatusNotFound)
			_, _ = io.WriteString(w, `{"code":"not_found","detail":"there is none"}`)
		}
	}))
	t.Cleanup(server.Close)
	environ := []string{"GATEPOST_URL=" + server.URL, "GATEPOST_TOKEN=t"}
	got := gatepost(t, environ, "", "dead", "drop", "a", "b_there", "c", "d_there")
	const gone = ": the gateway answered 404 not_found: there is none\n"
	if got.status != 1 || got.out != "dropped b_there\ndropped d_there\n" || got.err != "gatepost: a"+gone+"gatepost: c"+gone {
		t.Errorf("got %+v", got)
	}
	if got := gatepost(t, environ, "", "dead", "drop", "b_there", "d_there"); got.status != 0 || got.err != "" {
		t.Errorf("got %+v", got)
	}
}

// A name in a path is what a proxy makes of it.
func TestCommandsHaveNamesInBodies(t *testing.T) {
	for _, c := range []struct {
		args       string
		path, body string
	}{
		{"push all hi --except-client abc", "/push", `{"all":true,"except_clients":["abc"],"text":"hi"}`},
		{"push group ../all hi", "/push", `{"groups":["../all"],"text":"hi"}`},
		{"push uid a/b hi --binary", "/push", `{"binary":"aGk=","uids":["a/b"]}`},
		{"push client abc hi", "/push", `{"clients":["abc"],"text":"hi"}`},
		{"dead show ../x", "/events/dead/show", `{"id":"../x"}`},
		{"dead drop ../../groups/g", "/events/dead/drop", `{"id":"../../groups/g"}`},
		{"node forget ../x", "/nodes/forget", `{"node":"../x"}`},
	} {
		var path, body string
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			raw, _ := io.ReadAll(r.Body)
			path, body = r.RequestURI, string(raw)
			_, _ = io.WriteString(w, `{"matched":1,"queued":1}`)
		}))
		got := gatepost(t, []string{"GATEPOST_URL=" + server.URL, "GATEPOST_TOKEN=t"}, "", strings.Fields(c.args)...)
		server.Close()
		if got.status != 0 || path != c.path || body != c.body {
			t.Errorf("%s: %+v; called %s with %s", c.args, got, path, body)
		}
	}
}

// A token in a file is one in the environment, whatever ends its line.
func TestATokenInAFile(t *testing.T) {
	var got string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got = r.Header.Get("Authorization")
		_, _ = w.Write([]byte("{}"))
	}))
	defer server.Close()
	path := filepath.Join(t.TempDir(), "token")
	writeFile(t, path, "a.b.c\r\n")
	for _, environ := range [][]string{{"GATEPOST_TOKEN_FILE=" + path}, {"GATEPOST_TOKEN=a.b.c\n"}} {
		if r := gatepost(t, append(environ, "GATEPOST_URL="+server.URL), "", "stats"); r.status != 0 || got != "Bearer a.b.c" {
			t.Errorf("%v: %+v, authorization %q", environ, r, got)
		}
	}
	for environ, says := range map[string]string{
		"GATEPOST_TOKEN_FILE=/nonexistent":                          "GATEPOST_TOKEN_FILE: /nonexistent can't be read: no such file",
		"GATEPOST_TOKEN_FILE=" + path + " GATEPOST_TOKEN=a.b.c":     "GATEPOST_TOKEN_FILE stands beside GATEPOST_TOKEN",
		"GATEPOST_SECRET_FILE=/nonexistent":                         "GATEPOST_SECRET_FILE (secret_file), from environment: /nonexistent can't be read",
		"GATEPOST_SECRET_FILE=" + path:                              "secret 1 of 1 has 5 bytes",
		"GATEPOST_SECRET=" + testSecret + " GATEPOST_SECRET_FILE=x": "stands beside GATEPOST_SECRET",
	} {
		if r := gatepost(t, append(strings.Fields(environ), "GATEPOST_URL="+server.URL), "", "stats"); r.status == 0 || !strings.Contains(r.err, says) {
			t.Errorf("%s: %+v", environ, r)
		}
	}
}
