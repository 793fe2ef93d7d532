package auth

import (
	"errors"
	"strings"
	"testing"

	"gatepost/protocol"
)

func TestAuthorizeAsksForEveryThingThatAnActionTouches(t *testing.T) {
	for _, tt := range []struct {
		scope, action string
		lacks         string // empty: allowed
	}{
		{"push", `{"action":"send","all":true,"text":"x"}`, ""},
		{"push:all", `{"action":"send","all":true,"text":"x"}`, ""},
		{"push:all", `{"action":"send","clients":["c1"],"text":"x"}`, "push:client:c1"},
		{"push:uid:* push:group:* push:client:*", `{"action":"send","all":true,"text":"x"}`, "push:all"},
		{"push:uid:1 push:uid:2", `{"action":"send","uids":[1,2],"text":"x"}`, ""},
		{"push:uid:1", `{"action":"send","uids":[1,"x *"],"text":"x"}`, "push:uid:x%20%2A"},
		{"push:uid:1", `{"action":"send","uids":[1],"groups":["g"],"text":"x"}`, "push:group:g"},
		{"push:uid:1", `{"action":"send","uids":[1],"except_uids":[2],"text":"x"}`, ""},
		{"push:uid:1", `{"action":"send","uids":[],"text":"x"}`, ""},
		{"read", `{"action":"send","uids":[],"text":"x"}`, "push"},
		{"*", `{"action":"send","all":true,"uids":["x"],"text":"x"}`, ""},

		{"bind:uid:42", `{"action":"bind","client_id":"c1","uid":42}`, ""},
		{"bind:client:c1", `{"action":"bind","client_id":"c1","uid":42}`, ""},
		{"bind:uid:43 bind:client:c2", `{"action":"bind","client_id":"c1","uid":42}`, "bind:uid:42"},
		{"bind:uid:42", `{"action":"unbind","client_id":"c1"}`, "bind:client:c1"},
		{"bind", `{"action":"unbind","client_id":"c1"}`, ""},

		{"group:a group:b", `{"action":"join","client_id":"c1","groups":["a","b"]}`, ""},
		{"group:a", `{"action":"join","client_id":"c1","groups":["a","b"]}`, "group:b"},
		{"group:a", `{"action":"leave","uids":["u"],"groups":["a"]}`, ""},
		{"push", `{"action":"leave","uids":["u"],"groups":[]}`, "group"},
		{"group:room-*", `{"action":"dissolve","group":"room-1"}`, ""},
		{"group:room-*", `{"action":"dissolve","group":"room"}`, "group:room"},

		{"session:client:c1", `{"action":"session","client_id":"c1","set":{}}`, ""},
		{"session:client:c2", `{"action":"session","client_id":"c1","set":{}}`, "session:client:c1"},
		{"close:client:c1", `{"action":"until","client_id":"c1","at":1}`, ""},
		{"session", `{"action":"until","client_id":"c1","at":1}`, "close:client:c1"},

		{"close:uid:u", `{"action":"close","uids":["u"]}`, ""},
		{"close:uid:u", `{"action":"close","uids":["u"],"text":"bye"}`, "push:uid:u"},
		{"close:uid:u push:uid:u", `{"action":"close","uids":["u"],"text":"bye"}`, ""},
		{"push", `{"action":"close","uids":["u"],"text":"bye"}`, "close:uid:u"},
		{"close:uid:*", `{"action":"close","all":true}`, "close:all"},
		{"close:all push:all", `{"action":"close","all":true,"binary":""}`, ""},
		{"", `{"action":"close","clients":[]}`, "close"},
	} {
		scopes, err := ParseScopes(tt.scope)
		if err != nil {
			t.Fatal(err)
		}
		action, err := protocol.ParseActionBody([]byte(tt.action), protocol.Defaults{})
		if err != nil {
			t.Fatal(err)
		}
		err = scopes.Authorize(action)
		if tt.lacks == "" {
			if err != nil {
				t.Errorf("%q, %s: refused: %v", tt.scope, tt.action, err)
			}
			continue
		}
		var p *protocol.Problem
		if !errors.As(err, &p) || p.Status != 403 || p.Code != protocol.CodeForbidden || !strings.HasSuffix(p.Detail, " "+tt.lacks) {
			t.Errorf("%q, %s: got %v, want a 403 that names %q", tt.scope, tt.action, err, tt.lacks)
		}
		// What is named is what is needed.
		enough, err := ParseScopes(tt.scope + " " + tt.lacks)
		if err != nil {
			t.Fatalf("the scope named can't be read: %v", err)
		}
		if err := enough.Authorize(action); err != nil && strings.HasSuffix(err.Error(), " "+tt.lacks) {
			t.Errorf("%q, %s: still lacks %q", tt.scope, tt.action, tt.lacks)
		}
	}
}

func TestAnUnknownVerbNeedsEverything(t *testing.T) {
	scopes, err := ParseScopes("push bind group session close read admin")
	if err != nil {
		t.Fatal(err)
	}
	if err := scopes.Authorize(&protocol.Action{Verb: "new"}); err == nil {
		t.Error("allowed")
	}
}

func TestRequireNamesWhatCantBeNarrowed(t *testing.T) {
	for want, err := range map[string]error{
		"read":     Scopes{}.Require(VerbRead, KindAll, ""),
		"admin":    Scopes{}.Require(VerbAdmin, KindAll, ""),
		"group":    Scopes{}.Require(VerbGroup, KindAll, ""),
		"push:all": Scopes{}.Require(VerbPush, KindAll, ""),
	} {
		if err == nil || !strings.HasSuffix(err.Error(), " "+want) {
			t.Errorf("got %v, want it to name %q", err, want)
		}
	}
}
