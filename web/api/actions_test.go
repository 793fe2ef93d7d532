package api_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"gatepost/test/frames"
)

func TestActions(t *testing.T) {
	n := start(t)
	a, b := n.connect(""), n.connect("7")
	n.expect(200, fmt.Sprintf(`{"results":[
		{"ok":true,"client_id":%[1]q,"uid":"42","previous_uid":null},
		{"ok":true,"group":"g","changed":1,"missing":[]},
		{"ok":true,"groups":["h","i"],"changed":4,"missing":[]},
		{"ok":true,"matched":1,"queued":1,"dropped":0},
		{"ok":false,"error":{"type":"about:blank","title":"Not Found","status":404,"code":"client_gone","detail":"there is no client gone","field":"client_id"}},
		{"ok":false,"error":{"type":"about:blank","title":"Bad Request","status":400,"code":"unknown_field","detail":"is not a field of send, which has clients, uids, groups, all, except_clients, except_uids, text, json, binary; did you mean groups?","field":"grups"}},
		{"ok":false,"error":{"type":"about:blank","title":"Request Entity Too Large","status":413,"code":"too_large","detail":"is larger than 4096 bytes","field":"message"}},
		{"ok":true,"client_id":%[1]q,"session":{"a":1}},
		{"ok":true,"client_id":%[1]q,"at":null},
		{"ok":true,"group":"h","removed":2},
		{"ok":true,"client_id":%[2]q,"uid":null,"previous_uid":"7"},
		{"ok":true,"matched":1,"closed":1}
	]}`, a.id, b.id), http.MethodPost, "/actions", fmt.Sprintf(`{"actions":[
		{"action":"bind","client_id":%[1]q,"uid":42},
		{"action":"join","uids":[42],"groups":["g"]},
		{"action":"join","clients":[%[1]q,%[2]q],"groups":["h","i"]},
		{"action":"send","groups":["g"],"text":"hi"},
		{"action":"bind","client_id":"gone","uid":42},
		{"action":"send","grups":["g"],"text":"hi"},
		{"action":"send","groups":["g"],"text":"%[3]s"},
		{"action":"session","client_id":%[1]q,"merge":{"a":1}},
		{"action":"until","client_id":%[1]q,"at":null},
		{"action":"dissolve","group":"h"},
		{"action":"unbind","client_id":%[2]q},
		{"action":"close","clients":[%[2]q],"text":"bye"}
	]}`, a.id, b.id, strings.Repeat("x", maxPush+1)))
	if got := a.next(t); got != frames.Text("hi") {
		t.Errorf("got %q", got)
	}
	if got := b.next(t); got != frames.Text("bye") {
		t.Errorf("got %q", got)
	}
	n.expect(200, `{"results":[]}`, http.MethodPost, "/actions", `{"actions":[]}`)
}

// One action too many for the token, wherever it stands, and nothing is done.
func TestActionsAreAllowedTogether(t *testing.T) {
	n := start(t)
	p := n.connect("42")
	allowed := `{"action":"send","uids":["42"],"text":"hi"}`
	for _, forbidden := range []string{
		`{"action":"send","all":true,"text":"hi"}`,
		`{"action":"send","uids":["42","43"],"text":"hi"}`,
		`{"action":"close","uids":["42"]}`,
		`{"action":"bind","client_id":"a","uid":"42"}`,
		`{"action":"until","client_id":"a","at":1}`,
		`{"action":"session","client_id":"a","set":{}}`,
		`{"action":"dissolve","group":"42"}`,
		`{"action":"join","uids":["42"],"groups":["g"]}`,
	} {
		n.expect(403, "forbidden", http.MethodPost, "/actions", `{"actions":[`+allowed+`,{"action":"nonsense"},`+forbidden+`]}`, request{scope: "push:uid:42"})
	}
	if len(p.frames) > 0 {
		t.Errorf("got %q", <-p.frames)
	}
	n.expect(200, "", http.MethodPost, "/actions", `{"actions":[`+allowed+`]}`, request{scope: "push:uid:42"})
	p.next(t)
}

func TestActionsRefusals(t *testing.T) {
	n := start(t)
	n.expect(400, "bad_field", http.MethodPost, "/actions", `{}`)
	n.expect(400, "bad_field", http.MethodPost, "/actions", `{"actions":{"action":"unbind"}}`)
	n.expect(400, "unknown_field", http.MethodPost, "/actions", `{"actions":[],"atomic":true}`)
	n.expect(400, "limit_exceeded", http.MethodPost, "/actions", `{"actions":[`+strings.Repeat(`{},`, 1000)+`{}]}`)
	got := n.expect(200, "", http.MethodPost, "/actions", `{"actions":[`+strings.Repeat(`{},`, 999)+`{}]}`)
	var results []json.RawMessage
	if err := json.Unmarshal([]byte(got.field("results")), &results); err != nil || len(results) != 1000 {
		t.Errorf("got %d results (%v), want 1000", len(results), err)
	}

	const empty = `{"actions":[]}`
	n.expect(200, "", http.MethodPost, "/actions", empty+strings.Repeat(" ", 8<<20-len(empty)))
	n.expect(413, "too_large", http.MethodPost, "/actions", empty+strings.Repeat(" ", 8<<20-len(empty)+1))
}
