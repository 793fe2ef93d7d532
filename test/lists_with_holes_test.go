package test

import (
	"encoding/json"
	"fmt"
	"testing"

	"gatepost/test/harness"
)

// PHP's array_filter leaves holes in a list, which json_encode then makes an object: it is
// taken for the list that it was, whoever sends it.
func TestListsWithHoles(t *testing.T) {
	t.Parallel()
	backend := harness.NewBackend(t, func(d *harness.Delivery) harness.Answer {
		switch d.Event.Type {
		case "connect":
			return harness.Answer{Body: `{"groups":{"0":"a","2":"c"},"session":{"kept":{"0":1,"2":3}},
				"actions":{"1":{"action":"join","groups":{"7":"d"}}}}`}
		case "message":
			return harness.Answer{Body: `{"actions":{"3":{"action":"send","groups":{"1":"c"},"text":"to c"},
				"5":{"action":"leave","groups":{"2":"a","3":"token"}}},"reply":{"0":"x","2":"z"}}`}
		}
		return harness.Answer{}
	})
	node := harness.Start(t, backend.Env(nil))
	token := harness.ClientToken(t, "eva", harness.Claims{"groups": json.RawMessage(`{"1":"token","4":"e"}`)})
	client := node.Connect(t, harness.Dial{Path: "/ws?token=" + token})
	api := node.API(t, "read push group close")
	groups := func(want string) {
		t.Helper()
		api.Want(200, fmt.Sprintf(`{"clients":[{"client_id":%q,"groups":%s,"session":{"kept":{"0":1,"2":3}}}],"cursor":null}`, client.ID, want),
			"GET", "/clients?fields=client_id,groups,session", "")
	}
	groups(`["a","c","d","e","token"]`)

	client.Send(t, "hello")
	client.WantText(t, "to c")
	client.WantText(t, `{"0":"x","2":"z"}`)
	groups(`["c","d","e"]`)

	api.Want(200, `{"group":"f","changed":1,"missing":[]}`, "POST", "/groups/f/join", `{"uids":{"9":"eva"}}`)
	api.Want(200, `{"results":[{"ok":true,"group":"g","changed":1,"missing":[]}]}`, "POST", "/actions",
		`{"actions":{"2":{"action":"join","uids":{"9":"eva"},"groups":{"0":"g"}}}}`)
	api.Want(200, `{"matched":0,"queued":0,"dropped":0}`, "POST", "/push", `{"groups":{"4":"g"},"except_uids":{"4":"eva"},"text":"x"}`)
	api.Want(200, `{"clients":{},"uids":{"eva":["`+client.ID+`"]},"groups":{}}`, "POST", "/lookup", `{"uids":{"4":"eva"}}`)
	api.WantProblem(400, "bad_field", "POST", "/push", `{"groups":{"room":"g"},"text":"x"}`)
	api.Want(200, `{"matched":1,"closed":1}`, "POST", "/close", `{"clients":{"1":"`+client.ID+`"}}`)
	client.WantClosed(t, 1000)
}
