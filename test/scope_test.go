package test

import (
	"net/url"
	"testing"

	"gatepost/test/harness"
)

// A scope minted for a uid gives that uid and no more, whatever is in its name.
func TestScopeOfOneStrangeName(t *testing.T) {
	t.Parallel()
	node := harness.Start(t, nil)
	names := []string{"x *", "x", "x ", "x 1", "x *y", "x%20%2A", "*"}
	clients := map[string]*harness.Client{}
	for _, uid := range names {
		clients[uid] = node.Connect(t, harness.Dial{Path: "/ws?token=" + harness.ClientToken(t, uid, nil)})
	}
	for scope, allowed := range map[string][]string{
		"push:uid:x%20%2A":     {"x *"},
		"push:uid:%2A":         {"*"},
		"push:uid:x%2520%252A": {"x%20%2A"},
		"push:uid:x%20*":       {"x *", "x ", "x 1", "x *y"},
		"push:uid:*":           names,
	} {
		api := node.API(t, scope)
		may := map[string]bool{}
		for _, uid := range allowed {
			may[uid] = true
		}
		for _, uid := range names {
			path := "/push/uids/" + url.PathEscape(uid)
			if !may[uid] {
				api.WantProblem(403, "forbidden", "POST", path, "no")
				continue
			}
			api.Want(200, `{"matched":1,"queued":1,"dropped":0}`, "POST", path, scope)
			clients[uid].WantText(t, scope)
		}
		api.WantProblem(403, "forbidden", "POST", "/push/all", "no")
		if scope != "push:uid:*" {
			api.WantProblem(403, "forbidden", "POST", "/push", `{"uids":["x *","y"],"text":"no"}`)
		}
		api.WantProblem(403, "forbidden", "POST", "/push/groups/x", "no")
		api.WantProblem(403, "forbidden", "POST", "/push/clients/"+clients["x"].ID, "no")
		api.WantProblem(403, "forbidden", "GET", "/uids/x", "")
	}
	for _, unknown := range []string{"push:uid:a*b", "pull", "push:room:a"} {
		node.API(t, unknown).WantProblem(401, "unauthorized", "POST", "/push/uids/x", "no")
	}
}

// Each scope lets its holder do its own calls and none of the others.
func TestScopesByVerb(t *testing.T) {
	t.Parallel()
	node := harness.Start(t, nil)
	c := node.Connect(t, harness.Dial{})
	calls := []struct{ scope, method, path, body string }{
		{"push", "POST", "/push/all", "hello"},
		{"bind", "POST", "/bind", `{"client_id":"` + c.ID + `","uid":"tom"}`},
		{"group", "POST", "/groups/a/join", `{"client_id":"` + c.ID + `"}`},
		{"session", "PUT", "/clients/" + c.ID + "/session", `{}`},
		{"read", "GET", "/stats", ""},
		{"admin", "GET", "/events/dead", ""},
		{"close", "PUT", "/clients/" + c.ID + "/until", `{"at":null}`},
	}
	for _, scope := range []string{"push", "bind", "group", "session", "close", "read", "admin", "*", ""} {
		api := node.API(t, scope)
		for _, call := range calls {
			if scope == call.scope || scope == "*" {
				api.Want(200, "", call.method, call.path, call.body)
			} else {
				api.WantProblem(403, "forbidden", call.method, call.path, call.body)
			}
		}
	}
	// Last words are a push.
	node.API(t, "close").WantProblem(403, "forbidden", "POST", "/close", `{"clients":["`+c.ID+`"],"text":"bye"}`)
	// All scopes of a list are checked before anything is done.
	node.API(t, "push").WantProblem(403, "forbidden", "POST", "/actions",
		`{"actions":[{"action":"send","all":true,"text":"unsaid"},{"action":"bind","client_id":"`+c.ID+`","uid":"jim"}]}`)
	c.WantText(t, "hello")
	c.WantText(t, "hello") // by push and by *
	if n := c.Waiting(); n != 0 {
		t.Errorf("%d messages more came", n)
	}
}
