package api_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
)

func TestClients(t *testing.T) {
	n := start(t)
	a, b, c := n.connect("42", "g"), n.connect("42"), n.connect("", "g", "h")
	one := n.expect(200, "", http.MethodGet, "/clients/"+c.id, "")
	for name, want := range map[string]string{"client_id": `"` + c.id + `"`, "uid": `null`, "groups": `["g","h"]`,
		"session": `{}`, "node": `"node-1"`, "remote_addr": `"192.0.2.7"`} {
		if got := one.field(name); got != want {
			t.Errorf("%s: got %s, want %s", name, got, want)
		}
	}
	if got := n.expect(200, "", http.MethodGet, "/clients/"+b.id, "").field("groups"); got != "[]" {
		t.Errorf("got groups %s, want []", got)
	}
	for _, tt := range []struct {
		query string
		want  []*peer
	}{
		{"", []*peer{a, b, c}},
		{"?uid=42", []*peer{a, b}},
		{"?group=g", []*peer{a, c}},
		{"?group=g&group=h", []*peer{a, c}},
		{"?group=g&uid=42", []*peer{a}},
		{"?uid=42&uid=43", []*peer{a, b}},
		{"?uid=43", nil},
	} {
		var list struct {
			Clients []struct {
				ID string `json:"client_id"`
			} `json:"clients"`
			Cursor any `json:"cursor"`
		}
		got := n.expect(200, "", http.MethodGet, "/clients"+tt.query, "")
		if err := json.Unmarshal(got.body, &list); err != nil {
			t.Fatal(err)
		}
		ids, want := []string{}, []string{}
		for _, client := range list.Clients {
			ids = append(ids, client.ID)
		}
		for _, p := range tt.want {
			want = append(want, p.id)
		}
		slices.Sort(want)
		if !slices.Equal(ids, want) || list.Cursor != nil {
			t.Errorf("%s: got %s, want %v", tt.query, got.body, want)
		}
	}
	n.expect(200, `{"clients":[{"uid":"42","client_id":"`+a.id+`"}],"cursor":null}`, http.MethodGet, "/clients?group=g&uid=42&fields=client_id,uid", "")
	n.expect(200, `{"clients":[{"groups":["g"],"session":{}}],"cursor":null}`, http.MethodGet, "/clients?group=g&uid=42&fields=session,groups,session", "")
	n.expect(200, `{"clients":[],"cursor":null}`, http.MethodGet, "/clients?uid=43&fields=uid", "")
	for _, query := range []string{"?fields=", "?fields=id", "?fields=uid,", "?fields=uid&fields=node"} {
		n.expect(400, "bad_field", http.MethodGet, "/clients"+query, "")
	}
	n.expect(400, "bad_name", http.MethodGet, "/clients?group=", "")
	n.expect(400, "bad_name", http.MethodGet, "/clients?uid=%00", "")
}

func TestIsOnline(t *testing.T) {
	n := start(t)
	id := n.connect("").id
	for path, want := range map[string]int{"/clients/" + id: 200, "/clients/gone": 404, "/clients/-": 400} {
		if got := n.call(http.MethodHead, path, ""); got.status != want || len(got.body) > 0 {
			t.Errorf("HEAD %s: got %d %q, want %d and no body", path, got.status, got.body, want)
		}
	}
}

// Every list is walked with every limit; what is there throughout comes once, in
// order, and the last page has no cursor.
func TestPaging(t *testing.T) {
	n := start(t)
	const entries = 7
	for i := range entries {
		n.connect(fmt.Sprintf("u/%d", i), fmt.Sprintf("g é %d", i), "all")
		n.dead.letters = append(n.dead.letters, letter(fmt.Sprintf("evt_%d", i)))
	}
	for _, list := range []struct {
		path, field string
		entries     int
	}{
		{"/clients", "clients", entries}, {"/clients?group=all", "clients", entries},
		{"/clients?fields=client_id", "clients", entries},
		{"/groups", "groups", entries + 1}, {"/uids", "uids", entries}, {"/uids?group=all", "uids", entries},
		{"/events/dead", "events", entries},
	} {
		for limit := 1; limit <= entries+2; limit++ {
			seen, pages := map[string]bool{}, 0
			for cursor := ""; ; pages++ {
				sep := "?"
				if slices.Contains([]byte(list.path), '?') {
					sep = "&"
				}
				path := fmt.Sprintf("%s%slimit=%d%s", list.path, sep, limit, cursor)
				got := n.expect(200, "", http.MethodGet, path, "")
				for _, key := range keys(t, got.field(list.field)) {
					if seen[key] {
						t.Fatalf("%s: %s came twice", path, key)
					}
					seen[key] = true
				}
				if got.field("cursor") == "null" {
					break
				}
				var next string
				if err := json.Unmarshal([]byte(got.field("cursor")), &next); err != nil || pages > entries+1 {
					t.Fatalf("%s: cursor %s", path, got.field("cursor"))
				}
				cursor = "&cursor=" + next
			}
			if want := (list.entries + limit - 1) / limit; len(seen) != list.entries || pages+1 != want {
				t.Errorf("%s by %d: %d entries on %d pages, want %d on %d", list.path, limit, len(seen), pages+1, list.entries, want)
			}
		}
	}
}

// keys are an object's names, or an array's elements as JSON.
func keys(t *testing.T, raw string) (keys []string) {
	t.Helper()
	var object map[string]json.RawMessage
	if json.Unmarshal([]byte(raw), &object) == nil {
		for name := range object {
			keys = append(keys, name)
		}
		return keys
	}
	var array []json.RawMessage
	if err := json.Unmarshal([]byte(raw), &array); err != nil {
		t.Fatalf("%s: %v", raw, err)
	}
	for _, element := range array {
		keys = append(keys, string(element))
	}
	return keys
}

func TestPagesThatCantBe(t *testing.T) {
	n := start(t)
	for _, path := range []string{"/clients", "/groups", "/uids", "/events/dead"} {
		for _, query := range []string{"limit=0", "limit=-1", "limit=10001", "limit=x", "limit=", "limit=1.0", "limit=%2B5",
			"limit=5&limit=5", "cursor=", "cursor=%25", "cursor=a", "cursor=YQ==", "cursor=YQ&cursor=YQ", "cursor=null"} {
			n.expect(400, "bad_field", http.MethodGet, path+"?"+query, "")
		}
		n.expect(200, "", http.MethodGet, path+"?limit=10000&cursor=YQ", "")
		n.expect(400, "unknown_field", http.MethodGet, path+"?offset=1", "")
	}
}

// Whoever misspells a parameter, or a header, is told which it was and what there is.
func TestWhatIsExpectedIsTold(t *testing.T) {
	n := start(t)
	for _, tt := range []struct {
		method, path, body string
		how                request
		field, says        string
	}{
		{"GET", "/clients?groups=a", "", request{}, "groups", "is not a parameter of this call, which has group, uid, fields, limit, cursor"},
		{"GET", "/stats?group=a", "", request{}, "group", "is not a parameter of this call, which has none"},
		{"GET", "/clients?fields=client_id,name", "", request{}, "fields", `"name" is not a field of a client, which has client_id, connected_at, groups, node, remote_addr, session, uid`},
		{"DELETE", "/clients/a?code=x", "", request{}, "code", "must be 1000 or a number from 4100 to 4999"},
		{"DELETE", "/clients/a?code=-1", "", request{}, "code", "must be 1000 or a number from 4100 to 4999"},
		{"POST", "/push/all", "x", request{header: http.Header{"Content-Encoding": {"gzip"}}}, "content-encoding", "gzip"},
	} {
		got := n.call(tt.method, tt.path, tt.body, tt.how)
		var told struct{ Field, Detail string }
		if err := json.Unmarshal(got.body, &told); err != nil {
			t.Fatal(err)
		}
		if told.Field != tt.field || !strings.Contains(told.Detail, tt.says) {
			t.Errorf("%s %s: got %q: %q; want %q: %q", tt.method, tt.path, told.Field, told.Detail, tt.field, tt.says)
		}
	}
}

func TestLookup(t *testing.T) {
	n := start(t)
	id := n.connect("42", "g").id
	got := n.expect(200, "", http.MethodPost, "/lookup", `{"clients":["gone","`+id+`"],"uids":[42,"43"],"groups":["g","h"]}`)
	for name, want := range map[string]string{
		"uids":   `{"42":["` + id + `"],"43":[]}`,
		"groups": `{"g":{"clients":1,"uids":1},"h":{"clients":0,"uids":0}}`,
	} {
		if !sameJSON([]byte(got.field(name)), []byte(want)) {
			t.Errorf("%s: got %s, want %s", name, got.field(name), want)
		}
	}
	var clients map[string]map[string]any
	if err := json.Unmarshal([]byte(got.field("clients")), &clients); err != nil {
		t.Fatal(err)
	}
	if gone, asked := clients["gone"]; !asked || gone != nil || clients[id]["uid"] != "42" {
		t.Errorf("got %s", got.field("clients"))
	}
	n.expect(200, `{"clients":{},"uids":{},"groups":{}}`, http.MethodPost, "/lookup", `{}`)
	n.expect(400, "unknown_field", http.MethodPost, "/lookup", `{"client":["a"]}`)
	n.expect(400, "bad_client_id", http.MethodPost, "/lookup", `{"clients":["-"]}`)
}

func TestStats(t *testing.T) {
	n := start(t)
	n.connect("42", "g", "h")
	n.connect("42")
	got := n.expect(200, "", http.MethodGet, "/stats", "")
	if got.field("clients") != "2" || got.field("uids") != "1" || got.field("groups") != "2" {
		t.Errorf("got %s", got.body)
	}
	if want := `[{"name":"default","url":"http://backend/hook","concurrency":8,"in_flight":0,"waiting":0,"delivered":0,"failed":0,"dead":0,"breaker":"closed"}]`; !sameJSON([]byte(got.field("webhooks")), []byte(want)) {
		t.Errorf("got webhooks %s", got.field("webhooks"))
	}
}
