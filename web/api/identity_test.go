package api_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
)

func TestBindAndUnbind(t *testing.T) {
	n := start(t)
	id := n.connect("").id
	bind := func(uid string) string { return `{"client_id":"` + id + `","uid":` + uid + `}` }
	n.expect(200, `{"client_id":"`+id+`","uid":"42","previous_uid":null}`, http.MethodPost, "/bind", bind(`42`))
	n.expect(200, `{"client_id":"`+id+`","uid":"a","previous_uid":"42"}`, http.MethodPost, "/bind", bind(`"a"`))
	n.expect(200, `{"uid":"42","online":false,"clients":[]}`, http.MethodGet, "/uids/42", "")
	n.expect(200, `{"uid":"a","online":true,"clients":["`+id+`"]}`, http.MethodGet, "/uids/a", "")
	n.expect(200, `{"client_id":"`+id+`","uid":null,"previous_uid":"a"}`, http.MethodPost, "/unbind", `{"client_id":"`+id+`"}`)
	n.expect(200, `{"client_id":"`+id+`","uid":null,"previous_uid":null}`, http.MethodPost, "/unbind", `{"client_id":"`+id+`"}`)

	n.expect(404, "client_gone", http.MethodPost, "/bind", `{"client_id":"gone","uid":"a"}`)
	n.expect(404, "client_gone", http.MethodPost, "/unbind", `{"client_id":"gone"}`)
	n.expect(400, "bad_client_id", http.MethodPost, "/bind", `{"client_id":"-","uid":"a"}`)
	n.expect(400, "bad_name", http.MethodPost, "/bind", bind(`""`))
	n.expect(400, "bad_name", http.MethodPost, "/bind", bind(`"`+strings.Repeat("x", 257)+`"`))
	n.expect(400, "bad_field", http.MethodPost, "/bind", bind(`1.5`))
	n.expect(400, "bad_field", http.MethodPost, "/bind", bind(`null`))
	n.expect(400, "bad_field", http.MethodPost, "/bind", `{"uid":"a"}`)
	n.expect(400, "unknown_field", http.MethodPost, "/unbind", bind(`"a"`))
}

func TestJoinLeaveDissolve(t *testing.T) {
	n := start(t)
	a, b := n.connect("42").id, n.connect("42").id
	n.expect(200, `{"group":"g","changed":1,"missing":[]}`, http.MethodPost, "/groups/g/join", `{"client_id":"`+a+`"}`)
	n.expect(200, `{"group":"g","changed":1,"missing":["gone"]}`, http.MethodPost, "/groups/g/join", `{"clients":["`+a+`","`+b+`","gone"]}`)
	n.expect(200, `{"group":"h","changed":2,"missing":["43"]}`, http.MethodPost, "/groups/h/join", `{"uids":[42,43]}`)
	n.expect(200, `{"groups":{"g":{"clients":2,"uids":1},"h":{"clients":2,"uids":1}},"cursor":null}`, http.MethodGet, "/groups", "")
	n.expect(200, `{"group":"g","changed":1,"missing":[]}`, http.MethodPost, "/groups/g/leave", `{"client_id":"`+a+`"}`)
	n.expect(200, `{"group":"g","removed":1}`, http.MethodDelete, "/groups/g", "")
	n.expect(200, `{"group":"g","removed":0}`, http.MethodDelete, "/groups/g", "")
	n.expect(200, `{"group":"g","clients":0,"uids":0}`, http.MethodGet, "/groups/g", "")

	n.expect(400, "bad_field", http.MethodPost, "/groups/g/join", `{}`)
	n.expect(400, "bad_field", http.MethodPost, "/groups/g/join", `{"client_id":"a","clients":["b"]}`)
	n.expect(400, "unknown_field", http.MethodPost, "/groups/g/join", `{"client_id":"a","groups":["b"]}`)
	n.expect(400, "bad_field", http.MethodPost, "/groups/g/join", `[]`)
	n.expect(400, "limit_exceeded", http.MethodPost, "/groups/g/join", `{"uids":[`+strings.Repeat("1,", 1000)+`1]}`)
	for i := range 255 { // and h
		n.expect(200, "", http.MethodPost, fmt.Sprintf("/groups/%d/join", i), `{"client_id":"`+a+`"}`)
	}
	n.expect(400, "", http.MethodPost, "/groups/one-too-many/join", `{"clients":["`+b+`","`+a+`"]}`)
	n.expect(200, `{"group":"one-too-many","clients":0,"uids":0}`, http.MethodGet, "/groups/one-too-many", "")
}
