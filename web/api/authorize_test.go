package api_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"gatepost/auth"
)

func TestWithoutAGoodTokenNothingIsDone(t *testing.T) {
	n := start(t)
	p := n.connect("42")
	clientToken, err := n.tokens.SignClient(auth.ClientClaims{UID: "42"}, time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	handMade := func(header, claims string) request {
		signed := base64.RawURLEncoding.EncodeToString([]byte(header)) + "." + base64.RawURLEncoding.EncodeToString([]byte(claims))
		mac := hmac.New(sha256.New, []byte(secret))
		mac.Write([]byte(signed))
		return request{token: signed + "." + base64.RawURLEncoding.EncodeToString(mac.Sum(nil))}
	}
	const hs256 = `{"alg":"HS256","typ":"JWT"}`
	const path = "/push/uids/42"
	bound := func(b auth.CallBinding) string {
		token, err := n.tokens.SignAPI("*", time.Minute, b)
		if err != nil {
			t.Fatal(err)
		}
		return token
	}
	for _, tt := range []struct {
		name   string
		how    request
		status int
	}{
		{"no token", request{token: "none"}, 401},
		{"garbage", request{token: "garbage"}, 401},
		{"a client's", request{token: clientToken}, 401},
		{"hand-made, but right", handMade(hs256, `{"aud":"gatepost:api","scope":"*","exp":4102444800}`), 200},
		{"expired", handMade(hs256, `{"aud":"gatepost:api","scope":"*","exp":1700000000}`), 401},
		{"without an end", handMade(hs256, `{"aud":"gatepost:api","scope":"*"}`), 401},
		{"for another audience", handMade(hs256, `{"aud":"gatepost","scope":"*","exp":4102444800}`), 401},
		{"signed with nothing", handMade(`{"alg":"none"}`, `{"aud":"gatepost:api","scope":"*","exp":4102444800}`), 401},
		{"with an unknown scope", handMade(hs256, `{"aud":"gatepost:api","scope":"* everything","exp":4102444800}`), 401},
		{"basic", request{token: "none", header: http.Header{"Authorization": {"Basic " + n.token("*")}}}, 401},
		{"two of them", request{token: "none", header: http.Header{"Authorization": {"Bearer " + n.token("*"), "Bearer " + n.token("*")}}}, 401},
		{"in the query", request{token: "none"}, 401},
		{"bound to another method", request{token: bound(auth.CallBinding{Method: "GET"})}, 401},
		{"bound to another path", request{token: bound(auth.CallBinding{URI: "/push/uids/43"})}, 401},
		{"bound to another query", request{token: bound(auth.CallBinding{URI: path + "?except_client=a"})}, 401},
		{"bound to another body", request{token: bound(auth.CallBinding{BodySHA256: auth.BodyHash([]byte("ho"))})}, 401},
		{"bound to this call", request{token: bound(auth.CallBinding{Method: "POST", URI: path, BodySHA256: auth.BodyHash([]byte("hi"))})}, 200},
		{"lower-case scheme", request{token: "none", header: http.Header{"Authorization": {"bearer " + n.token("*")}}}, 200},
	} {
		t.Run(tt.name, func(t *testing.T) {
			n.t = t
			got := n.call(http.MethodPost, path, "hi", tt.how)
			if got.status != tt.status {
				t.Fatalf("got %d, want %d: %s", got.status, tt.status, got.body)
			}
			if tt.status == 200 {
				p.next(t)
				return
			}
			if got.code() != "unauthorized" || !strings.HasPrefix(got.header.Get("WWW-Authenticate"), "Bearer ") {
				t.Errorf("got %v %s", got.header, got.body)
			}
			if len(p.frames) > 0 {
				t.Error("the message was sent all the same")
			}
		})
	}
}

// A token that is bound to the empty body fits a call without one.
func TestBoundToAQuery(t *testing.T) {
	n := start(t)
	const path = "/groups/a%2Fb?x"
	token, err := n.tokens.SignAPI("read", time.Minute, auth.CallBinding{
		Method: "GET", URI: "/groups/a%2Fb", BodySHA256: auth.BodyHash(nil)})
	if err != nil {
		t.Fatal(err)
	}
	n.expect(200, "", http.MethodGet, "/groups/a%2Fb", "", request{token: token})
	n.expect(401, "unauthorized", http.MethodGet, "/groups/a%2fb", "", request{token: token})
	n.expect(401, "unauthorized", http.MethodGet, path, "", request{token: token})
}

func TestScopes(t *testing.T) {
	n := start(t)
	id := n.connect("42", "room-1").id
	const evil = "x *" // as a word it would be x and everything
	escaped := auth.EscapeScopeName(evil)
	for _, tt := range []struct {
		scope, method, path, body string
		status                    int
		lacks                     string
	}{
		{"push", "POST", "/push/all", "x", 200, ""},
		{"push:all", "POST", "/push/all", "x", 200, ""},
		{"push:all", "POST", "/push/uids/42", "x", 403, "push:uid:42"},
		{"push:uid:42", "POST", "/push/uids/42", "x", 200, ""},
		{"push:uid:42", "POST", "/push/uids/43", "x", 403, "push:uid:43"},
		{"push:uid:42", "POST", "/push/groups/42", "x", 403, "push:group:42"},
		{"push:uid:42", "POST", "/push/clients/" + id, "x", 403, "push:client:" + id},
		{"push:uid:42", "POST", "/push/all", "x", 403, "push:all"},
		{"push:uid:42", "POST", "/push", `{"uids":["42","43"],"text":"x"}`, 403, "push:uid:43"},
		{"push:uid:42", "POST", "/push", `{"uids":["42"],"except_uids":["43"],"except_clients":["a"],"text":"x"}`, 200, ""},
		{"push:group:room-*", "POST", "/push/groups/room-1", "x", 200, ""},
		{"push:group:room-*", "POST", "/push/groups/news-1", "x", 403, "push:group:news-1"},
		{"push:uid:" + escaped, "POST", "/push/uids/" + url.PathEscape(evil), "x", 200, ""},
		{"push:uid:" + escaped, "POST", "/push/uids/x", "x", 403, "push:uid:x"},
		{"push:uid:" + escaped, "POST", "/push/uids/x%20y", "x", 403, "push:uid:x%20y"},
		{"push:uid:" + escaped, "GET", "/stats", "", 403, "read"},
		{"read", "POST", "/push", `{"clients":[],"text":"x"}`, 403, "push"},
		{"read", "POST", "/push/all", "x", 403, "push"},
		{"bind:uid:42", "POST", "/bind", `{"client_id":"gone","uid":"42"}`, 404, ""},
		{"bind:uid:42", "POST", "/bind", `{"client_id":"gone","uid":"43"}`, 403, "bind:uid:43"},
		{"bind:uid:42", "POST", "/unbind", `{"client_id":"gone"}`, 403, "bind:client:gone"},
		{"bind:client:gone", "POST", "/unbind", `{"client_id":"gone"}`, 404, ""},
		{"group:room-*", "POST", "/groups/room-2/join", `{"client_id":"gone"}`, 200, ""},
		{"group:room-*", "POST", "/groups/news/join", `{"client_id":"gone"}`, 403, "group:news"},
		{"group:room-*", "POST", "/groups/news/leave", `{"client_id":"gone"}`, 403, "group:news"},
		{"group:room-*", "DELETE", "/groups/news", "", 403, "group:news"},
		{"group", "GET", "/groups", "", 403, "read"},
		{"session:client:gone", "GET", "/clients/gone/session", "", 404, ""},
		{"session:client:gone", "GET", "/clients/" + id + "/session", "", 403, "session:client:" + id},
		{"session:client:gone", "PUT", "/clients/" + id + "/session", "{}", 403, "session:client:" + id},
		{"read", "GET", "/clients/" + id + "/session", "", 200, ""},
		{"read", "PATCH", "/clients/" + id + "/session", "{}", 403, "session"},
		{"close:client:gone", "PUT", "/clients/gone/until", `{"at":null}`, 404, ""},
		{"close:uid:42", "PUT", "/clients/" + id + "/until", `{"at":null}`, 403, "close:client:" + id},
		{"close:uid:42", "DELETE", "/clients/" + id, "", 403, "close:client:" + id},
		{"close", "DELETE", "/clients/gone", "bye", 403, "push:client:gone"},
		{"close push:client:gone", "DELETE", "/clients/gone", "bye", 404, ""},
		{"close:uid:9", "POST", "/close", `{"uids":["9"]}`, 200, ""},
		{"close:uid:9", "POST", "/close", `{"uids":["9"],"text":"bye"}`, 403, "push:uid:9"},
		{"close:uid:9", "POST", "/close", `{"all":true}`, 403, "close:all"},
		{"*", "GET", "/events/dead", "", 200, ""},
		{"read", "GET", "/events/dead", "", 403, "admin"},
		{"push bind group session close read", "POST", "/events/dead/replay", `{"all":true}`, 403, "admin"},
		{"push", "POST", "/lookup", `{}`, 403, "read"},
		{"push", "GET", "/metrics", "", 403, "read"},
		{"read", "GET", "/metrics", "", 200, ""},
	} {
		t.Run(tt.scope+" "+tt.method+" "+tt.path, func(t *testing.T) {
			n.t = t
			got := n.expect(tt.status, "", tt.method, tt.path, tt.body, request{scope: tt.scope})
			if tt.status != 403 {
				return
			}
			if got.code() != "forbidden" || !strings.HasSuffix(got.field("detail"), " "+tt.lacks+`"`) {
				t.Errorf("got %s, want it to name %s", got.body, tt.lacks)
			}
		})
	}
}
