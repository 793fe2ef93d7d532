package api_test

import (
	"net/http"
	"strings"
	"testing"
)

func TestSession(t *testing.T) {
	n := start(t)
	path := "/clients/" + n.connect("").id + "/session"
	ifMatch := func(tags ...string) request { return request{header: http.Header{"If-Match": tags}} }

	empty := n.expect(200, `{}`, http.MethodGet, path, "").header.Get("ETag")
	one := n.expect(200, `{"a":1,"b":{"c":null}}`, http.MethodPut, path, `{"a": 1, "b": {"c": null}}`).header.Get("ETag")
	if empty == one || len(one) < 4 || one[0] != '"' {
		t.Errorf("got the ETags %s and %s", empty, one)
	}
	if got := n.expect(200, ``, http.MethodGet, path, ""); got.header.Get("ETag") != one || string(got.body) != `{"a":1,"b":{"c":null}}` {
		t.Errorf("got %s %s", got.header.Get("ETag"), got.body)
	}
	n.expect(200, `{"a":1,"b":{"d":2.50}}`, http.MethodPatch, path, `{"b":{"c":null,"d":2.50}}`, request{contentType: "application/merge-patch+json"})
	n.expect(200, `{"a":null,"b":{"d":2.50}}`, http.MethodPatch, path+"?mode=update", `{"a":null}`)
	n.expect(200, `{}`, http.MethodPut, path, `[]`)

	now := n.expect(200, `{"n":10000000000000000000001}`, http.MethodPatch, path+"?mode=merge", `{"n":10000000000000000000001}`).header.Get("ETag")
	n.expect(412, "precondition_failed", http.MethodPut, path, `{"x":1}`, ifMatch(one))
	n.expect(412, "precondition_failed", http.MethodPatch, path, `{"x":1}`, ifMatch(`"nope"`, `W/`+now))
	n.expect(400, "bad_field", http.MethodPut, path, `{"x":1}`, ifMatch(`nope`))
	got := n.expect(200, `{"n":10000000000000000000001}`, http.MethodGet, path, "")
	if !strings.Contains(string(got.body), "10000000000000000000001") {
		t.Errorf("the number lost digits: %s", got.body)
	}
	now = n.expect(200, `{"x":1}`, http.MethodPut, path, `{"x":1}`, ifMatch(now)).header.Get("ETag")
	now = n.expect(200, `{"x":2}`, http.MethodPut, path, `{"x":2}`, ifMatch(`"nope", `+now, `W/"w"`)).header.Get("ETag")
	n.expect(200, `{"x":3}`, http.MethodPut, path, `{"x":3}`, ifMatch(`*`))
	n.expect(412, "precondition_failed", http.MethodPut, path, `{"x":4}`, ifMatch(now))

	now = n.expect(200, `{"x":3}`, http.MethodGet, path, "").header.Get("ETag")
	for _, known := range []string{now, `W/` + now, `*`, `"nope",` + now} {
		if got := n.call(http.MethodGet, path, "", request{header: http.Header{"If-None-Match": {known}}}); got.status != 304 || len(got.body) > 0 || got.header.Get("ETag") != now {
			t.Errorf("If-None-Match %s: got %d %s", known, got.status, got.body)
		}
	}
	n.expect(200, `{"x":3}`, http.MethodGet, path, "", request{header: http.Header{"If-None-Match": {`"nope"`}}})
}

func TestSessionRefusals(t *testing.T) {
	n := start(t)
	path := "/clients/" + n.connect("").id + "/session"
	n.expect(404, "client_gone", http.MethodGet, "/clients/gone/session", "")
	n.expect(404, "client_gone", http.MethodPut, "/clients/gone/session", "{}")
	n.expect(404, "client_gone", http.MethodPut, "/clients/gone/session", "{}", request{header: http.Header{"If-Match": {"*"}}})
	n.expect(404, "client_gone", http.MethodPut, "/clients/gone/session", "{}", request{header: http.Header{"If-Match": {`"a"`}}})
	n.expect(400, "bad_field", http.MethodPut, path, `1`)
	n.expect(400, "bad_field", http.MethodPut, path, `[1]`)
	n.expect(400, "bad_field", http.MethodPatch, path, `null`)
	n.expect(400, "bad_field", http.MethodPatch, path+"?mode=set", `{}`)
	n.expect(400, "unknown_field", http.MethodPut, path+"?mode=merge", `{}`)
	n.expect(413, "too_large", http.MethodPut, path, `{"a":"`+strings.Repeat("x", 16<<10)+`"}`)
	n.expect(413, "too_large", http.MethodPut, path, `{"a":"`+strings.Repeat("x", 256<<10)+`"}`)
	n.expect(200, "", http.MethodPut, path, `{"a":"`+strings.Repeat("x", 16<<10-8)+`"}`)
	n.expect(413, "too_large", http.MethodPatch, path, `{"b":1}`)
	n.expect(415, "unsupported_media_type", http.MethodPut, path, `{}`, request{contentType: "application/x-www-form-urlencoded"})
}
