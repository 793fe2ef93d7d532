package api

import (
	"net/url"
	"slices"
	"strings"
	"testing"

	"gatepost/protocol"
)

func TestDecodeName(t *testing.T) {
	for _, tt := range []struct{ segment, want string }{
		{"a%2Fb", "a/b"},
		{"a%252Fb", "a%2Fb"},
		{"a+b", "a+b"},
		{"%2e%2E", ".."},
		{"%e6%97%a5", "日"},
		{strings.Repeat("%C3%A9", 128), strings.Repeat("é", 128)},
	} {
		if got, err := decodeName("uid", tt.segment); err != nil || got != tt.want {
			t.Errorf("%s: got %q (%v), want %q", tt.segment, got, err, tt.want)
		}
	}
	for _, segment := range []string{"", "a/b", "%", "%2", "%zz", "%00", "%0a", "%7f", "%c2%85", "%ff", "%ed%a0%80", strings.Repeat("x", 257)} {
		if got, err := decodeName("uid", segment); err == nil {
			t.Errorf("%q: got %q, want an error", segment, got)
		}
	}
}

// What a path can name a body can: behind a proxy that decodes paths it is the only safe place.
func TestEachPathWithANameHasABody(t *testing.T) {
	inBody := map[string]string{
		"POST /push/clients/:id": "/push", "POST /push/uids/:uid": "/push", "POST /push/groups/:group": "/push",
		"POST /groups/:group/join": "/join", "POST /groups/:group/leave": "/leave", "DELETE /groups/:group": "/dissolve",
		"GET /groups/:group": "/lookup", "GET /uids/:uid": "/lookup", "GET /clients/:id": "/lookup", "HEAD /clients/:id": "/lookup",
		"DELETE /clients/:id": "/close", "PUT /clients/:id/until": "/until",
		"GET /clients/:id/session": "/session", "PUT /clients/:id/session": "/session", "PATCH /clients/:id/session": "/session",
		"GET /events/dead/:id": "/events/dead/show", "DELETE /events/dead/:id": "/events/dead/drop", "DELETE /nodes/:node": "/nodes/forget",
	}
	routes := (&API{}).routes()
	for _, r := range routes {
		twin := inBody[r.method+" "+r.path]
		if strings.Contains(r.path, ":") != (twin != "") {
			t.Errorf("%s %s: its body goes to %q", r.method, r.path, twin)
		}
		takesBody := func(other route) bool {
			return other.method == "POST" && other.path == twin && other.body.kind == jsonKind
		}
		if twin != "" && !slices.ContainsFunc(routes, takesBody) {
			t.Errorf("there is no POST %s", twin)
		}
	}
}

// A name that is escaped comes out as it went in; whatever else is in a path
// gives a name that may be one, or an error.
func FuzzPathName(f *testing.F) {
	for _, seed := range []string{"a/b", "a%2Fb", "*", ".", "..", " ", "%", "+", "日本", "?#", "\x00", "\xff", "%00", "%zz"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if protocol.CheckName("uid", s) == nil {
			if got, err := decodeName("uid", url.PathEscape(s)); err != nil || got != s {
				t.Fatalf("%q became %q (%v)", s, got, err)
			}
		}
		name, err := decodeName("uid", s)
		if err != nil {
			return
		}
		if err := protocol.CheckName("uid", name); err != nil {
			t.Fatalf("%q gave the name %q: %v", s, name, err)
		}
		if strings.Contains(s, "/") {
			t.Fatalf("%q gave the name %q across a segment's end", s, name)
		}
	})
}
