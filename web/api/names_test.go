package api_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// Whatever a name is made of, a path means that name and no other.
func TestNamesInPaths(t *testing.T) {
	n := start(t)
	names := []string{"a/b", "a%2Fb", "a b", "a+b", "*", "...", ".a", "a..", " ", "%", "news-*", "日本", "?", "#", "a/", "/", "//",
		"join", "a/join", "%00", ":group", "a;b", "a,b", "é", "e\u0301", "..%2f..", "a\\b", strings.Repeat("é", 128)}
	for _, name := range names {
		n.connect(name, name)
	}
	for _, name := range names {
		quoted, _ := json.Marshal(name)
		for _, escape := range []func(string) string{url.PathEscape, escapeEveryByte} {
			segment := escape(name)
			n.expect(200, fmt.Sprintf(`{"group":%s,"clients":1,"uids":1}`, quoted), http.MethodGet, "/groups/"+segment, "")
			if got := n.expect(200, "", http.MethodGet, "/uids/"+segment, ""); got.field("uid") != string(quoted) && !sameJSON([]byte(got.field("uid")), quoted) {
				t.Errorf("uid %q: got %s", name, got.body)
			}
			n.expect(200, `{"matched":1,"queued":1,"dropped":0}`, http.MethodPost, "/push/uids/"+segment, "x")
			n.expect(200, `{"matched":1,"queued":1,"dropped":0}`, http.MethodPost, "/push/groups/"+segment, "x")
			n.expect(200, `{"group":`+string(quoted)+`,"changed":0,"missing":["gone"]}`, http.MethodPost, "/groups/"+segment+"/join", `{"clients":["gone"]}`)
		}
	}
	for _, name := range names {
		n.expect(200, "", http.MethodDelete, "/groups/"+url.PathEscape(name), "")
	}
	n.expect(200, `{"groups":{},"cursor":null}`, http.MethodGet, "/groups", "")
}

func escapeEveryByte(s string) string {
	var b strings.Builder
	for i := range len(s) {
		fmt.Fprintf(&b, "%%%02x", s[i])
	}
	return b.String()
}

// Paths as nobody's library would send them, on a bare connection.
func TestRawPaths(t *testing.T) {
	n := start(t)
	n.connect("a", "..", "日本")
	for _, tt := range []struct {
		path   string
		status int
		code   string
	}{
		{"/groups/..", 400, "bad_field"}, // a name, or a step up? A body says which
		{"/groups/%2e%2E", 400, "bad_field"},
		{"/groups/..%2Fa", 400, "bad_field"},
		{"/groups/a%2F.", 400, "bad_field"},
		{"/groups/a/../b", 400, "bad_field"},
		{"/uids/..%5Ca", 400, "bad_field"},
		{"/clients/./a", 400, "bad_field"},
		{"/./stats", 400, "bad_field"},
		{"/nowhere/..", 400, "bad_field"},
		{"/groups/%252e%252e", 200, ""},
		{"/groups/...", 200, ""},
		{"/groups/日本", 200, ""}, // bytes that should have been encoded
		{"/groups/%E6%97%A5%E6%9C%AC", 200, ""},
		{"/groups/a/b", 404, "not_found"},
		{"/uids/a/", 404, "not_found"},
		{"/uids/a/b", 404, "not_found"},
		{"/push/uids/a/b", 405, "method_not_allowed"},
		{"/uids/", 404, "not_found"},
		{"//uids/a", 200, ""}, {"///uids/a", 404, "not_found"},
		{"/uids//a", 404, "not_found"},
		{"/groups/%00", 400, "bad_name"},
		{"/groups/a%0ab", 400, "bad_name"},
		{"/groups/%ff", 400, "bad_name"},
		{"/groups/%zz", 400, ""}, // net/http's own refusal
		{"/clients/%00", 400, "bad_client_id"},
		{"/clients//session", 400, "bad_client_id"},
		{"/clients/A", 400, "bad_client_id"},
		{"/clients/" + strings.Repeat("a", 41), 400, "bad_client_id"},
		{"/clients/gone", 404, "client_gone"},
		{"/nowhere", 404, "not_found"},
		{"/", 404, "not_found"},
		{"*", 404, ""},
	} {
		conn, err := net.Dial("tcp", strings.TrimPrefix(n.base, "http://"))
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\nConnection: close\r\n\r\n", tt.path, n.token("*"))
		resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil {
			t.Fatalf("%s: %v", tt.path, err)
		}
		body, _ := io.ReadAll(resp.Body)
		conn.Close()
		got := &answer{resp.StatusCode, resp.Header, body}
		if got.status != tt.status || tt.code != "" && got.code() != tt.code {
			t.Errorf("%s: got %d %s, want %d %s", tt.path, got.status, body, tt.status, tt.code)
		}
	}
}
