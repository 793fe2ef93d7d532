package auth

import (
	"strings"
	"testing"

	"gatepost/protocol"
)

var verbs = []Verb{VerbPush, VerbBind, VerbGroup, VerbSession, VerbClose, VerbRead, VerbAdmin}

func TestScopesAllowWhatTheySayAndNoMore(t *testing.T) {
	type deed struct {
		verb Verb
		kind Kind
		name string
	}
	deeds := []deed{
		{VerbPush, KindAll, ""}, {VerbPush, KindClient, "abc"}, {VerbPush, KindClient, "abd"}, {VerbPush, KindUID, "42"},
		{VerbPush, KindUID, "421"}, {VerbPush, KindUID, "x *"}, {VerbPush, KindUID, "x y"}, {VerbPush, KindUID, ""},
		{VerbPush, KindGroup, "news-eu"}, {VerbPush, KindGroup, "news-"}, {VerbPush, KindGroup, "news"}, {VerbPush, KindGroup, "42"},
		{VerbBind, KindUID, "42"}, {VerbBind, KindClient, "abc"}, {VerbBind, KindAll, ""},
		{VerbGroup, KindGroup, "room-1"}, {VerbGroup, KindGroup, "uid:42"}, {VerbGroup, KindGroup, "42"}, {VerbGroup, KindAll, ""},
		{VerbSession, KindClient, "abc"}, {VerbSession, KindClient, "xyz"},
		{VerbClose, KindAll, ""}, {VerbClose, KindUID, "42"}, {VerbClose, KindGroup, "room-1"}, {VerbClose, KindClient, "abc"},
		{VerbRead, KindAll, ""}, {VerbAdmin, KindAll, ""},
	}
	for scope, allowed := range map[string][]deed{
		"":                                {},
		" ":                               {},
		"*":                               deeds,
		"read":                            {{VerbRead, KindAll, ""}},
		"admin":                           {{VerbAdmin, KindAll, ""}},
		"push:all":                        {{VerbPush, KindAll, ""}},
		"push:uid:42":                     {{VerbPush, KindUID, "42"}},
		"push:uid:42*":                    {{VerbPush, KindUID, "42"}, {VerbPush, KindUID, "421"}},
		"push:uid:x%20%2A":                {{VerbPush, KindUID, "x *"}},
		"push:uid:x%20*":                  {{VerbPush, KindUID, "x *"}, {VerbPush, KindUID, "x y"}},
		"push:uid:%34%32":                 {{VerbPush, KindUID, "42"}},
		"push:uid:*":                      {{VerbPush, KindUID, "42"}, {VerbPush, KindUID, "421"}, {VerbPush, KindUID, "x *"}, {VerbPush, KindUID, "x y"}, {VerbPush, KindUID, ""}},
		"push:group:news-*":               {{VerbPush, KindGroup, "news-eu"}, {VerbPush, KindGroup, "news-"}},
		"push:client:abc":                 {{VerbPush, KindClient, "abc"}},
		"push:client:ab*":                 {{VerbPush, KindClient, "abc"}, {VerbPush, KindClient, "abd"}},
		"push:client:abc push:client:abd": {{VerbPush, KindClient, "abc"}, {VerbPush, KindClient, "abd"}},
		"bind:uid:42":                     {{VerbBind, KindUID, "42"}},
		"bind:client:abc":                 {{VerbBind, KindClient, "abc"}},
		"bind":                            {{VerbBind, KindUID, "42"}, {VerbBind, KindClient, "abc"}, {VerbBind, KindAll, ""}},
		"group:room-*":                    {{VerbGroup, KindGroup, "room-1"}},
		"group:uid:42":                    {{VerbGroup, KindGroup, "uid:42"}},
		"group:*":                         {{VerbGroup, KindGroup, "room-1"}, {VerbGroup, KindGroup, "uid:42"}, {VerbGroup, KindGroup, "42"}},
		"session:client:abc":              {{VerbSession, KindClient, "abc"}},
		"close:all  close:uid:42":         {{VerbClose, KindAll, ""}, {VerbClose, KindUID, "42"}},
		"close":                           {{VerbClose, KindAll, ""}, {VerbClose, KindUID, "42"}, {VerbClose, KindGroup, "room-1"}, {VerbClose, KindClient, "abc"}},
	} {
		scopes, err := ParseScopes(scope)
		if err != nil {
			t.Errorf("%q: %v", scope, err)
			continue
		}
		want := map[deed]bool{}
		for _, d := range allowed {
			want[d] = true
		}
		any := map[Verb]bool{}
		for _, d := range deeds {
			if got := scopes.Allows(d.verb, d.kind, d.name); got != want[d] {
				t.Errorf("%q allows %s %s %q: %v, want %v", scope, d.verb, d.kind, d.name, got, want[d])
			}
			any[d.verb] = any[d.verb] || want[d]
		}
		for _, verb := range verbs {
			if got := scopes.AllowsAny(verb); got != any[verb] {
				t.Errorf("%q allows some %s: %v, want %v", scope, verb, got, any[verb])
			}
		}
	}
}

func TestScopesThatAreRefused(t *testing.T) {
	for _, scope := range []string{
		"pull", "Push", "push pull", "push,read", "push\tread", "push\n", "\u00a0push", "**", "*:all", "pus*",
		"push:", "push:everyone", "push:all:", "push:all:x", "push:all*", "push:uid", "push:uid:", "push:UID:x", "push:user:x",
		"push:uid:a*b", "push:uid:**", "push:uid:*a", "push:uid:%", "push:uid:%4", "push:uid:%zz", "push:uid:a%*", "push:uid:%2", "push:uid:%+1",
		"push:uid:%00", "push:uid:a%0Ab", "push:uid:a\u0085", "push:uid:%FF", "push:uid:\xff", "push:uid:%C3*", "push:uid:a\tb",
		"push:uid:" + strings.Repeat("x", 257), "push:uid:" + strings.Repeat("x", 257) + "*",
		"push:client:ABC", "push:client:a%20b", "push:client:a-b", "push:client:" + strings.Repeat("a", 41), "push:client:",
		"bind:group:x", "bind:all", "bind:x", "group:", "session:uid:x", "session:all", "close:", "read:uid:42", "read:", "admin:x",
	} {
		_, err := ParseScopes(scope)
		wantUnauthorized(t, scope, err, "scope", "")
	}
}

// Who writes a scope is told what there is, without a word of the token.
func TestARefusedScopeSaysWhatThereIs(t *testing.T) {
	for scope, want := range map[string]string{
		"pull":          "scope: has a word that is not a scope; they begin with push, bind, group, session, close, read, admin or are *",
		"push:room:x":   "scope: narrows push by something else than all, client, uid or group",
		"bind:all":      "scope: narrows bind by something else than client or uid",
		"session:uid:x": "scope: narrows session by something else than client",
		"read:uid:x":    "scope: narrows read, which can't be narrowed",
	} {
		if _, err := ParseScopes(scope); err == nil || err.Error() != want {
			t.Errorf("%s: got %v, want %s", scope, err, want)
		}
	}
}

func TestEscapeScopeName(t *testing.T) {
	for name, want := range map[string]string{
		"42":       "42",
		"x *":      "x%20%2A",
		"100%":     "100%25",
		"a:b/c.d>": "a:b/c.d>",
		"Zoë":      "Zoë",
		"a\u00a0b": "a%C2%A0b",
		"\u0085":   "%C2%85",
		"a\x7fb":   "a%7Fb",
		"a\nb":     "a%0Ab",
		"👩‍👩‍👧":    "👩‍👩‍👧",
	} {
		if got := EscapeScopeName(name); got != want {
			t.Errorf("%q: got %q, want %q", name, got, want)
		}
	}
}

func FuzzParseScopes(f *testing.F) {
	for _, seed := range [][2]string{
		{"x *", "x y"}, {"*", ""}, {"%2A", "*"}, {"a b", "a"}, {"a:b", "a"}, {"news-*", "news-1"}, {"%", "%25"},
		{"push", "all"}, {"\uFFFD", "\xff"}, {" ", "*"}, {"x* push:all", "x1"},
	} {
		f.Add(seed[0], seed[1])
	}
	f.Fuzz(func(t *testing.T, name, other string) {
		// Whatever a stranger is called, a scope for them is for them alone.
		if protocol.CheckName("uid", name) == nil {
			escaped := EscapeScopeName(name)
			for scope, d := range map[string]narrowing{
				"push:uid:" + escaped: {VerbPush, KindUID},
				"group:" + escaped:    {VerbGroup, KindGroup},
			} {
				scopes, err := ParseScopes(scope)
				if err != nil {
					t.Fatalf("%q as %q: %v", name, scope, err)
				}
				if !scopes.Allows(d.verb, d.kind, name) {
					t.Fatalf("%q doesn't allow %q", scope, name)
				}
				for _, stranger := range []string{other, name + other, other + name, name[:len(name)-1], strings.ToUpper(name)} {
					if stranger != name && scopes.Allows(d.verb, d.kind, stranger) {
						t.Fatalf("%q allows %q", scope, stranger)
					}
				}
				for _, verb := range verbs {
					if scopes.AllowsAny(verb) != (verb == d.verb) || scopes.Allows(verb, KindAll, "") {
						t.Fatalf("%q allows %s", scope, verb)
					}
				}
			}
		}
		// And whatever is in a scope claim, it is read or it is a 401.
		scopes, err := ParseScopes(name + " " + other)
		if err != nil {
			wantUnauthorized(t, "a fuzzed scope", err, "scope", "")
			return
		}
		if scopes.Allows(VerbAdmin, KindAll, "") && !strings.Contains(name+" "+other, "admin") && !strings.Contains(name+" "+other, "*") {
			t.Fatalf("%q %q allows admin", name, other)
		}
	})
}
