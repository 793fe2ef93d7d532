package test

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"gatepost/test/harness"
)

// room is a node with three clients, in the order of their ids: tom twice, jim
// once; the first and the last in group a, all in group b.
type room struct {
	node *harness.Node
	api  *harness.API
	c    []*harness.Client
	id   []string
}

func newRoom(t *testing.T, env harness.Env) *room {
	t.Helper()
	r := &room{node: harness.Start(t, env)}
	r.api = r.node.API(t, "*")
	for range 3 {
		r.c = append(r.c, r.node.Connect(t, harness.Dial{}))
	}
	slices.SortFunc(r.c, func(a, b *harness.Client) int { return strings.Compare(a.ID, b.ID) })
	for i, c := range r.c {
		r.id = append(r.id, c.ID)
		r.api.Want(200, "", "POST", "/bind", fmt.Sprintf(`{"client_id":%q,"uid":%q}`, c.ID, []string{"tom", "tom", "jim"}[i]))
	}
	r.want(`{"group":"a","changed":2,"missing":[]}`, "POST", "/groups/a/join", `{"clients":["0","2"]}`)
	r.want(`{"group":"b","changed":3,"missing":["nobody"]}`, "POST", "/groups/b/join", `{"uids":["tom","jim","nobody"]}`)
	return r
}

// named puts the clients' ids where a text has their numbers, quoted or in a path.
func (r *room) named(s string) string {
	for i, id := range r.id {
		s = strings.NewReplacer(fmt.Sprintf(`"%d"`, i), `"`+id+`"`, fmt.Sprintf("{%d}", i), id).Replace(s)
	}
	return s
}

// want makes a call that is answered with 200 and this JSON, clients by number.
func (r *room) want(want, method, path, body string, header ...string) *harness.Response {
	return r.api.Want(200, r.named(want), method, r.named(path), r.named(body), header...)
}

// hear checks that each client gets this text next; empty: it gets nothing (what
// it gets later would show).
func (r *room) hear(t *testing.T, texts ...string) {
	t.Helper()
	for i, text := range texts {
		if text != "" {
			r.c[i].WantText(t, text)
		}
	}
}

func TestPushCalls(t *testing.T) {
	t.Parallel()
	r := newRoom(t, nil)
	r.want(`{"matched":3,"queued":3,"dropped":0}`, "POST", "/push/all", "one")
	r.hear(t, "one", "one", "one")
	r.want(`{"matched":1,"queued":1,"dropped":0}`, "POST", "/push/all?except_client={0}&except_client={2}", "two")
	r.hear(t, "", "two", "")
	r.want(`{"matched":1,"queued":1,"dropped":0}`, "POST", "/push/clients/{2}", "three")
	r.hear(t, "", "", "three")
	r.want(`{"matched":2,"queued":2,"dropped":0}`, "POST", "/push/uids/tom", "four")
	r.hear(t, "four", "four", "")
	r.want(`{"matched":0,"queued":0,"dropped":0}`, "POST", "/push/uids/nobody", "unheard")
	r.want(`{"matched":2,"queued":2,"dropped":0}`, "POST", "/push/groups/a", "five")
	r.hear(t, "five", "", "five")
	r.want(`{"matched":1,"queued":1,"dropped":0}`, "POST", "/push/groups/a?except_client={0}", "six")
	r.hear(t, "", "", "six")
	r.want(`{"matched":2,"queued":2,"dropped":0}`, "POST", "/push", `{"clients":["0"],"uids":["tom"],"groups":["a"],"except_uids":["jim"],"text":"seven"}`)
	r.hear(t, "seven", "seven", "")
	r.want(`{"matched":2,"queued":2,"dropped":0}`, "POST", "/push", `{"all":true,"except_clients":["1"],"json":{"n":1.0,"s":"é"}}`)
	r.hear(t, `{"n":1.0,"s":"é"}`, "", `{"n":1.0,"s":"é"}`)
	r.want(`{"matched":0,"queued":0,"dropped":0}`, "POST", "/push", `{"clients":[],"text":"unheard"}`)
	bytes := []byte{0, 255, 128, 'x'}
	r.want(`{"matched":1,"queued":1,"dropped":0}`, "POST", "/push", `{"clients":["1"],"binary":"`+base64.StdEncoding.EncodeToString(bytes)+`"}`)
	r.want(`{"matched":1,"queued":1,"dropped":0}`, "POST", "/push/clients/{1}", string(bytes), "content-type", "application/octet-stream")
	for range 2 {
		if f := r.c[1].Next(t); !f.Binary || string(f.Data) != string(bytes) {
			t.Errorf("got binary %v %q", f.Binary, f.Data)
		}
	}
	largest := strings.Repeat("x", 256<<10)
	r.want(`{"matched":3,"queued":3,"dropped":0}`, "POST", "/push/all", largest)
	r.hear(t, largest, largest, largest)
	for i, c := range r.c {
		if n := c.Waiting(); n != 0 {
			t.Errorf("client %d has %d messages that weren't meant for it", i, n)
		}
	}
}

func TestBindCalls(t *testing.T) {
	t.Parallel()
	r := newRoom(t, nil)
	r.want(`{"client_id":"0","uid":"42","previous_uid":"tom"}`, "POST", "/bind", `{"client_id":"0","uid":42}`)
	r.want(`{"uid":"42","online":true,"clients":["0"]}`, "GET", "/uids/42", "")
	r.want(`{"uids":{"42":1,"jim":1,"tom":1},"cursor":null}`, "GET", "/uids", "")
	r.want(`{"client_id":"0","uid":null,"previous_uid":"42"}`, "POST", "/unbind", `{"client_id":"0"}`)
	r.want(`{"client_id":"0","uid":null,"previous_uid":null}`, "POST", "/unbind", `{"client_id":"0"}`)
	r.want(`{"uid":"42","online":false,"clients":[]}`, "GET", "/uids/42", "")
	gone := strings.Repeat("z", 32)
	r.api.WantProblem(404, "client_gone", "POST", "/bind", `{"client_id":"`+gone+`","uid":"x"}`)
	r.api.WantProblem(404, "client_gone", "POST", "/unbind", `{"client_id":"`+gone+`"}`)
}

func TestGroupCalls(t *testing.T) {
	t.Parallel()
	r := newRoom(t, nil)
	gone := strings.Repeat("z", 32)
	r.want(`{"groups":{"a":{"clients":2,"uids":2},"b":{"clients":3,"uids":2}},"cursor":null}`, "GET", "/groups", "")
	r.want(`{"group":"a","clients":2,"uids":2}`, "GET", "/groups/a", "")
	r.want(`{"group":"empty","clients":0,"uids":0}`, "GET", "/groups/empty", "")
	r.want(`{"group":"a","changed":0,"missing":[]}`, "POST", "/groups/a/join", `{"client_id":"0"}`)
	r.want(`{"group":"a","changed":1,"missing":["`+gone+`"]}`, "POST", "/groups/a/join", `{"clients":["1","`+gone+`"]}`)
	r.want(`{"group":"a","changed":2,"missing":[]}`, "POST", "/groups/a/leave", `{"uids":["tom"]}`)
	r.want(`{"uids":{"jim":1},"cursor":null}`, "GET", "/uids?group=a", "")
	r.want(`{"uids":{"jim":1,"tom":2},"cursor":null}`, "GET", "/uids?group=a&group=b", "")
	r.want(`{"group":"b","removed":3}`, "DELETE", "/groups/b", "")
	r.want(`{"group":"b","removed":0}`, "DELETE", "/groups/b", "")
	r.want(`{"groups":{"a":{"clients":1,"uids":1}},"cursor":null}`, "GET", "/groups", "")
}

func TestClientCalls(t *testing.T) {
	t.Parallel()
	r := newRoom(t, nil)
	one := r.want("", "GET", "/clients/{0}", "")
	info := decode[struct {
		ClientID    string `json:"client_id"`
		Node        string `json:"node"`
		ConnectedAt string `json:"connected_at"`
	}](t, one.Body)
	whole := func(i int, uid, groups string) string {
		at := decode[struct {
			ConnectedAt string `json:"connected_at"`
		}](t, r.want("", "GET", fmt.Sprintf("/clients/{%d}", i), "").Body).ConnectedAt
		return fmt.Sprintf(`{"client_id":"%d","uid":%q,"groups":%s,"session":{},"node":%q,"connected_at":%q,"remote_addr":"127.0.0.1"}`, i, uid, groups, info.Node, at)
	}
	first, second, third := whole(0, "tom", `["a","b"]`), whole(1, "tom", `["b"]`), whole(2, "jim", `["a","b"]`)
	r.want(first, "GET", "/clients/{0}", "")
	r.want(`{"clients":[`+first+`,`+second+`,`+third+`],"cursor":null}`, "GET", "/clients", "")
	r.want(`{"clients":[`+first+`,`+third+`],"cursor":null}`, "GET", "/clients?group=a", "")
	r.want(`{"clients":[`+first+`],"cursor":null}`, "GET", "/clients?group=a&group=none&uid=tom", "")
	r.want(`{"clients":[{"client_id":"0","uid":"tom"},{"client_id":"1","uid":"tom"}],"cursor":null}`, "GET", "/clients?uid=tom&fields=client_id,uid", "")
	if head := r.api.Do(http.MethodHead, "/clients/"+r.id[0], ""); head.Status != 200 || len(head.Body) != 0 {
		t.Errorf("HEAD of a client answers %d", head.Status)
	}
	if head := r.api.Do(http.MethodHead, "/clients/"+strings.Repeat("z", 32), ""); head.Status != 404 {
		t.Errorf("HEAD of nobody answers %d", head.Status)
	}
	r.want(`{"clients":{"0":`+first+`,"zz":null},"uids":{"tom":["0","1"],"nobody":[]},"groups":{"a":{"clients":2,"uids":2},"empty":{"clients":0,"uids":0}}}`,
		"POST", "/lookup", `{"clients":["0","zz"],"uids":["tom","nobody"],"groups":["a","empty"]}`)
	r.want(`{"clients":{},"uids":{},"groups":{}}`, "POST", "/lookup", `{}`)

	var ids []string
	cursor := ""
	for pages := 0; pages < 3; pages++ {
		page := decode[struct {
			Clients []struct {
				ClientID string `json:"client_id"`
			}
			Cursor *string
		}](t, r.want("", "GET", "/clients?limit=2&fields=client_id"+cursor, "").Body)
		for _, c := range page.Clients {
			ids = append(ids, c.ClientID)
		}
		if page.Cursor == nil {
			break
		}
		cursor = "&cursor=" + *page.Cursor
	}
	if !slices.Equal(ids, r.id) {
		t.Errorf("the pages have %v, want %v", ids, r.id)
	}
}

func TestSessionCalls(t *testing.T) {
	t.Parallel()
	r := newRoom(t, nil)
	const path = "/clients/{0}/session"
	empty := r.want(`{}`, "GET", path, "").Header.Get("ETag")
	set := r.want(`{"a":{"b":1},"n":12345678901234567890.10}`, "PUT", path, `{"a":{"b":1},"n":12345678901234567890.10}`)
	if !strings.Contains(string(set.Body), "12345678901234567890.10") {
		t.Errorf("a number lost its digits: %s", set.Body)
	}
	etag := set.Header.Get("ETag")
	if etag == "" || etag == empty || r.want("", "GET", path, "").Header.Get("ETag") != etag {
		t.Errorf("the ETags are %s, then %s", empty, etag)
	}
	r.api.WantProblem(412, "precondition_failed", "PUT", r.named(path), `{}`, "if-match", empty)
	r.want(`{"a":{"b":1,"c":2}}`, "PATCH", path, `{"a":{"c":2},"n":null}`, "if-match", etag)
	r.want(`{"a":{"b":null,"c":2},"x":[1]}`, "PATCH", path+"?mode=update", `{"a":{"b":null},"x":[1]}`)
	r.want(`{}`, "PUT", path, `[]`)
	r.api.WantProblem(404, "client_gone", "GET", "/clients/"+strings.Repeat("z", 32)+"/session", "")
}

func TestCloseCalls(t *testing.T) {
	t.Parallel()
	r := newRoom(t, nil)
	r.want(`{"matched":0,"closed":0}`, "POST", "/close", `{"uids":["nobody"]}`)
	r.want(`{"matched":1,"closed":1}`, "POST", "/close", `{"groups":["a"],"except_clients":["2"],"code":4999,"reason":"out","text":"bye"}`)
	r.c[0].WantText(t, "bye")
	r.c[0].WantClosed(t, 4999)
	r.want(`{"client_id":"1","closed":true}`, "DELETE", "/clients/{1}?code=4100&reason=why%20not", "last words")
	r.c[1].WantText(t, "last words")
	if code, reason := r.c[1].Closed(t); code != 4100 || reason != "why not" {
		t.Errorf("closed with %d %q", code, reason)
	}
	r.api.WantProblem(404, "client_gone", "DELETE", "/clients/"+r.id[1], "")
	r.want(`{"client_id":"2","at":4102444800}`, "PUT", "/clients/{2}/until", `{"at":4102444800}`)
	r.want(`{"client_id":"2","at":null}`, "PUT", "/clients/{2}/until", `{"at":null}`)
	r.want(`{"matched":1,"closed":1}`, "POST", "/close", `{"all":true}`)
	r.c[2].WantClosed(t, 1000)
}

func TestActionsCall(t *testing.T) {
	t.Parallel()
	r := newRoom(t, nil)
	answer := r.want("", "POST", "/actions", `{"actions":[
		{"action":"send","groups":["a"],"text":"hello a"},
		{"action":"bind","client_id":"1","uid":"ann"},
		{"action":"unbind","client_id":"2"},
		{"action":"join","clients":["0","1"],"groups":["c","d"]},
		{"action":"leave","uids":["ann"],"groups":["c"]},
		{"action":"session","client_id":"0","set":{"n":1}},
		{"action":"session","client_id":"0","merge":{"m":2}},
		{"action":"until","client_id":"0","at":null},
		{"action":"dissolve","group":"d"},
		{"action":"close","clients":["2"],"code":4100,"text":"bye"},
		{"action":"bind","client_id":"2","uid":"late"},
		{"action":"dance"},
		{"action":"send","all":true}]}`)
	results := decode[struct {
		Results []map[string]any
	}](t, answer.Body).Results
	want := []string{
		`{"ok":true,"matched":2,"queued":2,"dropped":0}`,
		`{"ok":true,"client_id":"1","uid":"ann","previous_uid":"tom"}`,
		`{"ok":true,"client_id":"2","uid":null,"previous_uid":"jim"}`,
		`{"ok":true,"groups":["c","d"],"changed":4,"missing":[]}`,
		`{"ok":true,"group":"c","changed":1,"missing":[]}`,
		`{"ok":true,"client_id":"0","session":{"n":1}}`,
		`{"ok":true,"client_id":"0","session":{"n":1,"m":2}}`,
		`{"ok":true,"client_id":"0","at":null}`,
		`{"ok":true,"group":"d","removed":2}`,
		`{"ok":true,"matched":1,"closed":1}`,
		`404 client_gone`, `400 bad_field`, `400 bad_field`,
	}
	if len(results) != len(want) {
		t.Fatalf("there are %d results for %d actions: %s", len(results), len(want), answer.Body)
	}
	for i, result := range results {
		got := jsonOf(t, result)
		if problem, failed := result["error"].(map[string]any); failed && result["ok"] == false {
			if got = fmt.Sprintf("%v %v", problem["status"], problem["code"]); got != want[i] {
				t.Errorf("action %d failed with %s, want %s", i, got, want[i])
			}
		} else if !harness.SameJSON([]byte(got), []byte(r.named(want[i]))) {
			t.Errorf("action %d: %s, want %s", i, got, r.named(want[i]))
		}
	}
	r.hear(t, "hello a", "", "hello a")
	r.c[2].WantText(t, "bye")
	r.c[2].WantClosed(t, 4100)
}
