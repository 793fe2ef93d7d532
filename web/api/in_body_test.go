package api_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"gatepost/test/frames"
)

// Each call of a path with a name in it has one whose name is in the body, for every name, and
// both answer alike.
func TestCallsWithTheirNamesInTheBody(t *testing.T) {
	n := start(t)
	for _, name := range []string{"room", "a/b", "100%", "é *", "..", ".", "../all", "..\\all", "%2e%2e", "?#"} {
		quoted, _ := json.Marshal(name)
		c := n.connect(name, name)
		post := func(path, body string) *answer {
			t.Helper()
			body = strings.NewReplacer("NAME", string(quoted), "ID", `"`+c.id+`"`).Replace(body)
			return n.expect(200, "", http.MethodPost, path, body)
		}
		want := func(got *answer, want string) {
			t.Helper()
			if want = strings.NewReplacer("NAME", string(quoted), "ID", `"`+c.id+`"`).Replace(want); !sameJSON(got.body, []byte(want)) {
				t.Errorf("%q: got %s, want %s", name, got.body, want)
			}
		}
		want(post("/push", `{"uids":[NAME],"groups":[NAME],"text":"hi"}`), `{"matched":1,"queued":1,"dropped":0}`)
		if got := c.next(t); got != frames.Text("hi") {
			t.Errorf("%q: got %q", name, got)
		}
		want(post("/join", `{"uids":[NAME],"groups":["g"]}`), `{"group":"g","changed":1,"missing":[]}`)
		want(post("/leave", `{"client_id":ID,"groups":["g",NAME]}`), `{"groups":["g",NAME],"changed":2,"missing":[]}`)
		want(post("/join", `{"clients":[ID,"gone"],"groups":[NAME]}`), `{"group":NAME,"changed":1,"missing":["gone"]}`)
		want(post("/lookup", `{"uids":[NAME],"groups":[NAME]}`), `{"clients":{},"uids":{NAME:[ID]},"groups":{NAME:{"clients":1,"uids":1}}}`)
		want(post("/uids", `{"groups":[NAME],"limit":5,"cursor":null}`), `{"uids":{NAME:1},"cursor":null}`)
		want(post("/groups", `{}`), `{"groups":{NAME:{"clients":1,"uids":1}},"cursor":null}`)
		want(post("/clients", `{"groups":[NAME],"uids":[NAME],"fields":["client_id","uid"]}`), `{"clients":[{"client_id":ID,"uid":NAME}],"cursor":null}`)
		want(post("/clients", `{"groups":["nobody's"],"uids":[],"fields":[]}`), `{"clients":[],"cursor":null}`)
		want(post("/bind", `{"client_id":ID,"uid":NAME}`), `{"client_id":ID,"uid":NAME,"previous_uid":NAME}`)
		want(post("/until", `{"client_id":ID,"at":null}`), `{"client_id":ID,"at":null}`)
		want(post("/dissolve", `{"group":NAME}`), `{"group":NAME,"removed":1}`)
		want(post("/close", `{"uids":[NAME]}`), `{"matched":1,"closed":1}`)
		n.expect(404, "client_gone", http.MethodPost, "/until", `{"client_id":"`+c.id+`","at":null}`)
		if !strings.Contains(name, "..") && name != "." && strings.IndexByte(name, '\\') < 0 {
			n.expect(200, fmt.Sprintf(`{"group":%s,"clients":0,"uids":0}`, quoted), http.MethodGet, "/groups/"+url.PathEscape(name), "")
		}
	}
}

// Pages through the body are those through the query, cursors included.
func TestListsByBodyArePaged(t *testing.T) {
	n := start(t)
	for i := range 5 {
		n.connect(fmt.Sprintf("u%d", i), fmt.Sprintf("g%d", i))
	}
	for _, path := range []string{"/clients", "/uids", "/groups"} {
		byQuery, byBody := path+"?limit=2", `{"limit":2}`
		for pages := 0; ; pages++ {
			want := n.expect(200, "", http.MethodGet, byQuery, "")
			got := n.expect(200, string(want.body), http.MethodPost, path, byBody)
			var page struct{ Cursor *string }
			if err := json.Unmarshal(got.body, &page); err != nil {
				t.Fatal(err)
			}
			if page.Cursor == nil {
				if pages != 2 {
					t.Errorf("%s: %d pages, want 3", path, pages+1)
				}
				break
			}
			byQuery, byBody = path+"?limit=2&cursor="+*page.Cursor, fmt.Sprintf(`{"limit":2,"cursor":%q}`, *page.Cursor)
		}
	}
	n.expect(400, "bad_field", http.MethodPost, "/clients", `{"limit":0}`)
	n.expect(400, "bad_field", http.MethodPost, "/clients", `{"limit":"2"}`)
	n.expect(400, "bad_field", http.MethodPost, "/clients", `{"cursor":"null"}`)
	n.expect(400, "bad_field", http.MethodPost, "/clients", `{"fields":["id"]}`)
	n.expect(400, "unknown_field", http.MethodPost, "/uids", `{"uids":["a"]}`)
	n.expect(400, "bad_name", http.MethodPost, "/uids", `{"groups":[""]}`)
}

// A thousand of the longest names have no room in an address.
func TestAThousandLongNamesInABody(t *testing.T) {
	n := start(t)
	c := n.connect("me", "mine")
	names := make([]string, 1000)
	for i := range names {
		names[i] = fmt.Sprintf("%04d%s", i, strings.Repeat("\U0001F600", 63))
	}
	names[999] = "mine"
	list, _ := json.Marshal(names)
	ids := make([]string, 1000)
	for i := range ids {
		ids[i] = fmt.Sprintf("%040d", i)
	}
	except, _ := json.Marshal(ids)
	n.expect(200, `{"uids":{"me":1},"cursor":null}`, http.MethodPost, "/uids", `{"groups":`+string(list)+`}`)
	n.expect(200, `{"clients":[{"client_id":"`+c.id+`"}],"cursor":null}`, http.MethodPost, "/clients", `{"groups":`+string(list)+`,"fields":["client_id"]}`)
	n.expect(200, `{"matched":1,"queued":1,"dropped":0}`, http.MethodPost, "/push", `{"all":true,"except_clients":`+string(except)+`,"text":"x"}`)
	n.expect(400, "limit_exceeded", http.MethodPost, "/uids", `{"groups":`+strings.Replace(string(list), "[", `["a",`, 1)+`}`)
}

// A session by body: read, changed in each way, and under the same conditions.
func TestSessionsByBody(t *testing.T) {
	n := start(t)
	c := n.connect("me")
	id := `{"client_id":"` + c.id + `"`
	n.expect(200, `{"a":{"b":1}}`, http.MethodPost, "/session", id+`,"set":{"a":{"b":1}}}`)
	n.expect(200, `{"a":{"b":1,"c":null}}`, http.MethodPost, "/session", id+`,"update":{"a":{"c":null}}}`)
	n.expect(200, `{"a":{"b":1}}`, http.MethodPost, "/session", id+`,"merge":{"a":{"c":null}}}`)
	got := n.expect(200, `{"a":{"b":1}}`, http.MethodPost, "/session", id+`}`)
	etag := got.header.Get("ETag")
	if want := n.expect(200, "", http.MethodGet, "/clients/"+c.id+"/session", "").header.Get("ETag"); etag == "" || etag != want {
		t.Errorf("ETag %q, want %q", etag, want)
	}
	n.expect(304, "", http.MethodPost, "/session", id+`}`, request{header: http.Header{"If-None-Match": {etag}}})
	n.expect(200, `{}`, http.MethodPost, "/session", id+`,"set":{}}`, request{header: http.Header{"If-Match": {etag}}})
	n.expect(412, "precondition_failed", http.MethodPost, "/session", id+`,"set":{}}`, request{header: http.Header{"If-Match": {etag}}})
	n.expect(404, "client_gone", http.MethodPost, "/session", `{"client_id":"gone"}`)
	n.expect(404, "client_gone", http.MethodPost, "/session", `{"client_id":"gone","set":{}}`)
	n.expect(400, "bad_field", http.MethodPost, "/session", `{"set":{}}`)
	n.expect(400, "bad_field", http.MethodPost, "/session", id+`,"set":{},"merge":{}}`)
	n.expect(400, "bad_client_id", http.MethodPost, "/session", `{"client_id":"A"}`)
}

// Scopes are those of the calls with the same names in their paths.
func TestScopesOfCallsByBody(t *testing.T) {
	n := start(t)
	c := n.connect("me", "g")
	for _, tt := range []struct{ call, body, enough, missing string }{
		{"/join", `{"uids":["me"],"groups":["a/b"]}`, "group:a/b", "group:a push"},
		{"/join", `{"uids":["me"],"groups":["a","b"]}`, "group:a group:b", "group:a"},
		{"/leave", `{"uids":["me"],"groups":["a/b"]}`, "group:a/*", "group:b"},
		{"/dissolve", `{"group":"../x"}`, "group:../x", "group:x close"},
		{"/until", `{"client_id":"ID","at":null}`, "close:client:ID", "close:uid:me"},
		{"/session", `{"client_id":"ID"}`, "read", "push"},
		{"/session", `{"client_id":"ID"}`, "session:client:ID", "session:client:other"},
		{"/session", `{"client_id":"ID","set":{}}`, "session:client:ID", "read"},
		{"/session", `{"client_id":"ID","merge":{}}`, "session", "session:client:other"},
		{"/clients", `{"groups":["g"]}`, "read", "group"},
		{"/uids", `{}`, "read", "group"},
		{"/groups", `{}`, "read", "group"},
		{"/nodes/forget", `{"node":"lost one"}`, "admin", "read"},
	} {
		fill := strings.NewReplacer("ID", c.id)
		n.expect(200, "", http.MethodPost, tt.call, fill.Replace(tt.body), request{scope: fill.Replace(tt.enough)})
		n.expect(403, "forbidden", http.MethodPost, tt.call, fill.Replace(tt.body), request{scope: fill.Replace(tt.missing)})
	}
}

func TestDeadLettersAndNodesByBody(t *testing.T) {
	n := start(t)
	n.dead.letters = append(n.dead.letters, letter("evt_1"), letter("../x"))
	for _, id := range []string{"evt_1", "../x"} {
		body := fmt.Sprintf(`{"id":%q}`, id)
		if got := n.expect(200, "", http.MethodPost, "/events/dead/show", body); got.field("id") != fmt.Sprintf("%q", id) {
			t.Errorf("got %s", got.body)
		}
		n.expect(200, fmt.Sprintf(`{"id":%q,"dropped":true}`, id), http.MethodPost, "/events/dead/drop", body)
	}
	n.expect(404, "not_found", http.MethodPost, "/events/dead/drop", `{"id":"evt_9"}`)
	n.expect(400, "bad_field", http.MethodPost, "/events/dead/drop", `{"id":7}`)
	n.expect(400, "bad_field", http.MethodPost, "/events/dead/show", `{}`)
	n.expect(404, "not_found", http.MethodPost, "/nodes/forget", `{"node":"stranger"}`)
}
