package protocol_test

import (
	"fmt"
	"reflect"
	"strings"
	"testing"

	"gatepost/protocol"
)

func names(n int) string {
	quoted := make([]string, n)
	for i := range quoted {
		quoted[i] = fmt.Sprintf(`"n%d"`, i)
	}
	return "[" + strings.Join(quoted, ",") + "]"
}

// holes is an object of n names under integer keys, as PHP encodes a list with holes.
func holes(n int) string {
	members := make([]string, n)
	for i := range members {
		members[i] = fmt.Sprintf(`"%d":"n%d"`, 2*i, i)
	}
	return "{" + strings.Join(members, ",") + "}"
}

func unix(n int64) *int64 { return &n }

func text(s string) *protocol.Message { return &protocol.Message{Payload: []byte(s)} }

// parseAction reads raw as one action of a list.
func parseAction(raw string, d protocol.Defaults) (*protocol.Action, error) {
	return protocol.ParseActionBody([]byte(raw), d)
}

func TestParseActionReadsEachVerb(t *testing.T) {
	inReply := protocol.Defaults{ClientID: "c9"}
	for _, tt := range []struct {
		raw      string
		defaults protocol.Defaults
		want     protocol.Action
	}{
		{raw: `{"action":"send","clients":["c1","c2"],"text":"hi"}`,
			want: protocol.Action{Verb: protocol.VerbSend, Target: protocol.Target{Clients: []string{"c1", "c2"}}, Message: text("hi")}},
		{raw: `{"action":"send","uids":[42,"x *"],"groups":["a.b"],"except_clients":["c1"],"except_uids":[7],"json":{"n": 1.50}}`,
			want: protocol.Action{Verb: protocol.VerbSend, Target: protocol.Target{UIDs: []string{"42", "x *"}, Groups: []string{"a.b"}},
				Except: protocol.Target{Clients: []string{"c1"}, UIDs: []string{"7"}}, Message: text(`{"n":1.50}`)}},
		{raw: `{"action":"send","uids":{"0":"a","2":"c"},"groups":{"5":"z","1":7},"except_clients":{"-3":"c1"},"except_uids":{},"text":"hi"}`,
			want: protocol.Action{Verb: protocol.VerbSend, Target: protocol.Target{UIDs: []string{"a", "c"}, Groups: []string{"z", "7"}},
				Except: protocol.Target{Clients: []string{"c1"}, UIDs: []string{}}, Message: text("hi")}},
		{raw: `{"action":"join","clients":{"1":"c1"},"groups":{"9223372036854775807":"a"}}`,
			want: protocol.Action{Verb: protocol.VerbJoin, Target: protocol.Target{Clients: []string{"c1"}}, Memberships: []string{"a"}}},
		{raw: `{"action":"send","all":true,"json":{"0":"a","2":"c"}}`, // what is sent stays as it is
			want: protocol.Action{Verb: protocol.VerbSend, Target: protocol.Target{All: true}, Message: text(`{"0":"a","2":"c"}`)}},
		{raw: `{"action":"session","client_id":"c1","set":{"list":{"0":"a","2":"c"}}}`,
			want: protocol.Action{Verb: protocol.VerbSession, ClientID: "c1", SessionMode: protocol.SessionSet,
				Session: []byte(`{"list":{"0":"a","2":"c"}}`)}},
		{raw: `{"action":"send","all":true,"binary":"AP8="}`,
			want: protocol.Action{Verb: protocol.VerbSend, Target: protocol.Target{All: true},
				Message: &protocol.Message{Binary: true, Payload: []byte{0, 255}}}},
		{raw: `{"action":"send","clients":[],"text":""}`,
			want: protocol.Action{Verb: protocol.VerbSend, Target: protocol.Target{Clients: []string{}}, Message: text("")}},
		{raw: `{"action":"send","all":true,"json":null}`,
			want: protocol.Action{Verb: protocol.VerbSend, Target: protocol.Target{All: true}, Message: text("null")}},
		{raw: ` { "action" : "bind" , "client_id" : "c1" , "uid" : 42 } `,
			want: protocol.Action{Verb: protocol.VerbBind, ClientID: "c1", UID: "42"}},
		{raw: `{"action":"bind","uid":"Zoë"}`, defaults: inReply,
			want: protocol.Action{Verb: protocol.VerbBind, ClientID: "c9", UID: "Zoë"}},
		{raw: `{"action":"unbind","client_id":"c1"}`,
			want: protocol.Action{Verb: protocol.VerbUnbind, ClientID: "c1"}},
		{raw: `{"action":"join","client_id":"c1","groups":["a","b"]}`,
			want: protocol.Action{Verb: protocol.VerbJoin, Target: protocol.Target{Clients: []string{"c1"}}, Memberships: []string{"a", "b"}}},
		{raw: `{"action":"leave","clients":["c1"],"uids":[42],"groups":["a"]}`,
			want: protocol.Action{Verb: protocol.VerbLeave, Target: protocol.Target{Clients: []string{"c1"}, UIDs: []string{"42"}},
				Memberships: []string{"a"}}},
		{raw: `{"action":"join","groups":["a"]}`, defaults: inReply,
			want: protocol.Action{Verb: protocol.VerbJoin, Target: protocol.Target{Clients: []string{"c9"}}, Memberships: []string{"a"}}},
		{raw: `{"uids":["u"]}`, defaults: protocol.Defaults{Verb: protocol.VerbJoin, Groups: []string{"room/1"}},
			want: protocol.Action{Verb: protocol.VerbJoin, Target: protocol.Target{UIDs: []string{"u"}}, Memberships: []string{"room/1"}}},
		{raw: `{"action":"dissolve","group":"a/*"}`,
			want: protocol.Action{Verb: protocol.VerbDissolve, Group: "a/*"}},
		{raw: `{"action":"session","client_id":"c1","set":{"big":12345678901234567890.10}}`,
			want: protocol.Action{Verb: protocol.VerbSession, ClientID: "c1", SessionMode: protocol.SessionSet,
				Session: []byte(`{"big":12345678901234567890.10}`)}},
		{raw: `{"action":"session","client_id":"c1","merge":[ ]}`,
			want: protocol.Action{Verb: protocol.VerbSession, ClientID: "c1", SessionMode: protocol.SessionMerge, Session: []byte(`{}`)}},
		{raw: `{"action":"session","update":{"a":null}}`, defaults: inReply,
			want: protocol.Action{Verb: protocol.VerbSession, ClientID: "c9", SessionMode: protocol.SessionUpdate, Session: []byte(`{"a":null}`)}},
		{raw: `{"action":"until","client_id":"c1","at":1800000000}`,
			want: protocol.Action{Verb: protocol.VerbUntil, ClientID: "c1", Until: unix(1800000000)}},
		{raw: `{"action":"until","client_id":"c1","at":null}`,
			want: protocol.Action{Verb: protocol.VerbUntil, ClientID: "c1"}},
		{raw: `{"action":"close"}`, defaults: inReply,
			want: protocol.Action{Verb: protocol.VerbClose, Target: protocol.Target{Clients: []string{"c9"}}, Code: 1000}},
		{raw: `{"action":"close","uids":["u"],"except_clients":["c1"],"code":4100,"reason":"bye","text":"last","force":true,"discard":true}`,
			want: protocol.Action{Verb: protocol.VerbClose, Target: protocol.Target{UIDs: []string{"u"}},
				Except: protocol.Target{Clients: []string{"c1"}}, Code: 4100, Reason: "bye", Message: text("last"), Force: true, Discard: true}},
		{raw: `{"action":"close","all":true}`, defaults: inReply,
			want: protocol.Action{Verb: protocol.VerbClose, Target: protocol.Target{All: true}, Code: 1000}},
	} {
		got, err := parseAction(tt.raw, tt.defaults)
		if err != nil {
			t.Errorf("%s: %v", tt.raw, err)
			continue
		}
		if !reflect.DeepEqual(*got, tt.want) {
			t.Errorf("%s:\n got %+v\nwant %+v", tt.raw, *got, tt.want)
		}
	}
}

func TestParseActionNamesTheFieldAtFault(t *testing.T) {
	long := strings.Repeat("x", 124)
	for _, tt := range []struct{ raw, code, field string }{
		{`[1]`, protocol.CodeBadField, "action"},
		{`"send"`, protocol.CodeBadField, "action"},
		{`{}`, protocol.CodeBadField, "action"},
		{`[]`, protocol.CodeBadField, "action"},
		{`{"action":null}`, protocol.CodeBadField, "action"},
		{`{"action":"Send"}`, protocol.CodeBadField, "action"},
		{`{"action":"shout"}`, protocol.CodeBadField, "action"},
		{`{"Action":"send"}`, protocol.CodeBadField, "action"},

		{`{"action":"send","text":"x"}`, protocol.CodeBadField, "clients"},
		{`{"action":"send","all":false,"text":"x"}`, protocol.CodeBadField, "clients"},
		{`{"action":"send","except_clients":["c1"],"text":"x"}`, protocol.CodeBadField, "clients"},
		{`{"action":"send","all":1,"text":"x"}`, protocol.CodeBadField, "all"},
		{`{"action":"send","all":true}`, protocol.CodeBadField, "text"},
		{`{"action":"send","all":true,"text":"x","binary":""}`, protocol.CodeBadField, "binary"},
		{`{"action":"send","all":true,"text":"x","json":1}`, protocol.CodeBadField, "json"},
		{`{"action":"send","all":true,"text":null}`, protocol.CodeBadField, "text"},
		{`{"action":"send","all":true,"text":1}`, protocol.CodeBadField, "text"},
		{`{"action":"send","all":true,"text":"\ud83d"}`, protocol.CodeBadField, "text"},
		{`{"action":"send","all":true,"binary":"AP8"}`, protocol.CodeBadField, "binary"},
		{`{"action":"send","all":true,"binary":"_-8="}`, protocol.CodeBadField, "binary"},
		{`{"action":"send","clients":"c1","text":"x"}`, protocol.CodeBadField, "clients"},
		{`{"action":"send","clients":null,"text":"x"}`, protocol.CodeBadField, "clients"},
		{`{"action":"send","clients":{"a":"c1"},"text":"x"}`, protocol.CodeBadField, "clients"},
		{`{"action":"send","clients":{"0":"c1","client":"c2"},"text":"x"}`, protocol.CodeBadField, "clients"},
		{`{"action":"send","clients":{"00":"c1"},"text":"x"}`, protocol.CodeBadField, "clients"},
		{`{"action":"send","clients":{"1.0":"c1"},"text":"x"}`, protocol.CodeBadField, "clients"},
		{`{"action":"send","clients":{"+1":"c1"},"text":"x"}`, protocol.CodeBadField, "clients"},
		{`{"action":"send","clients":{"":"c1"},"text":"x"}`, protocol.CodeBadField, "clients"},
		{`{"action":"send","clients":{"9223372036854775808":"c1"},"text":"x"}`, protocol.CodeBadField, "clients"},
		{`{"action":"send","uids":{"3":"a","5":null},"text":"x"}`, protocol.CodeBadField, "uids[1]"},
		{`{"action":"send","groups":` + holes(1001) + `,"text":"x"}`, protocol.CodeLimit, "groups"},
		{`{"action":"send","clients":["C1"],"text":"x"}`, protocol.CodeBadClientID, "clients[0]"},
		{`{"action":"send","clients":["c1",""],"text":"x"}`, protocol.CodeBadClientID, "clients[1]"},
		{`{"action":"send","clients":[1],"text":"x"}`, protocol.CodeBadField, "clients[0]"},
		{`{"action":"send","uids":["a",null],"text":"x"}`, protocol.CodeBadField, "uids[1]"},
		{`{"action":"send","groups":["a\u0007"],"text":"x"}`, protocol.CodeBadName, "groups[0]"},
		{`{"action":"send","groups":` + names(1001) + `,"text":"x"}`, protocol.CodeLimit, "groups"},
		{`{"action":"send","all":true,"text":"x","txt":"y"}`, protocol.CodeUnknownField, "txt"},
		{`{"action":"send","all":true,"text":"x","UIDs":["y"]}`, protocol.CodeUnknownField, "UIDs"},
		{`{"action":"send","all":true,"text":"x","` + strings.Repeat("y", 5000) + `":1}`, protocol.CodeUnknownField, strings.Repeat("y", 64) + "…"},

		{`{"action":"bind","client_id":"c1"}`, protocol.CodeBadField, "uid"},
		{`{"action":"bind","uid":"u"}`, protocol.CodeBadField, "client_id"},
		{`{"action":"bind","client_id":"c1","uid":""}`, protocol.CodeBadName, "uid"},
		{`{"action":"bind","client_id":"c1","uid":null}`, protocol.CodeBadField, "uid"},
		{`{"action":"bind","client_id":"c-1","uid":"u"}`, protocol.CodeBadClientID, "client_id"},
		{`{"action":"bind","client_id":"` + strings.Repeat("c", 41) + `","uid":"u"}`, protocol.CodeBadClientID, "client_id"},
		{`{"action":"unbind"}`, protocol.CodeBadField, "client_id"},
		{`{"action":"unbind","client_id":"c1","uid":"u"}`, protocol.CodeUnknownField, "uid"},

		{`{"action":"join","client_id":"c1"}`, protocol.CodeBadField, "groups"},
		{`{"action":"join","groups":["a"]}`, protocol.CodeBadField, "client_id"},
		{`{"action":"join","client_id":"c1","uids":["u"],"groups":["a"]}`, protocol.CodeBadField, "client_id"},
		{`{"action":"join","client_id":"c1","groups":"a"}`, protocol.CodeBadField, "groups"},
		{`{"action":"leave","clients":["c1"],"groups":[""]}`, protocol.CodeBadName, "groups[0]"},
		{`{"action":"leave","all":true,"groups":["a"]}`, protocol.CodeUnknownField, "all"},

		{`{"action":"dissolve"}`, protocol.CodeBadField, "group"},
		{`{"action":"dissolve","group":["a"]}`, protocol.CodeBadField, "group"},
		{`{"action":"dissolve","groups":["a"]}`, protocol.CodeUnknownField, "groups"},

		{`{"action":"session","client_id":"c1"}`, protocol.CodeBadField, "set"},
		{`{"action":"session","client_id":"c1","set":{},"merge":{}}`, protocol.CodeBadField, "merge"},
		{`{"action":"session","client_id":"c1","set":null}`, protocol.CodeBadField, "set"},
		{`{"action":"session","client_id":"c1","merge":[1]}`, protocol.CodeBadField, "merge"},
		{`{"action":"session","client_id":"c1","update":"{}"}`, protocol.CodeBadField, "update"},
		{`{"action":"session","client_id":"c1","set":{"a":"\ud800"}}`, protocol.CodeBadField, "set"},
		{`{"action":"session","client_id":"c1","set":` + nested(501, `{"a":`, "1", "}") + `}`, protocol.CodeBadField, "set"},

		{`{"action":"until","client_id":"c1"}`, protocol.CodeBadField, "at"},
		{`{"action":"until","client_id":"c1","at":-1}`, protocol.CodeBadField, "at"},
		{`{"action":"until","client_id":"c1","at":1.5}`, protocol.CodeBadField, "at"},
		{`{"action":"until","client_id":"c1","at":"1800000000"}`, protocol.CodeBadField, "at"},
		{`{"action":"until","client_id":"c1","at":99999999999999999999}`, protocol.CodeBadField, "at"},

		{`{"action":"close"}`, protocol.CodeBadField, "clients"},
		{`{"action":"close","clients":["c1"],"code":1001}`, protocol.CodeBadField, "code"},
		{`{"action":"close","clients":["c1"],"code":4001}`, protocol.CodeBadField, "code"},
		{`{"action":"close","clients":["c1"],"code":5000}`, protocol.CodeBadField, "code"},
		{`{"action":"close","clients":["c1"],"code":4294968296}`, protocol.CodeBadField, "code"},
		{`{"action":"close","clients":["c1"],"code":"4100"}`, protocol.CodeBadField, "code"},
		{`{"action":"close","clients":["c1"],"reason":"` + long + `"}`, protocol.CodeBadField, "reason"},
		{`{"action":"close","clients":["c1"],"force":"yes"}`, protocol.CodeBadField, "force"},
		{`{"action":"close","clients":["c1"],"discard":1}`, protocol.CodeBadField, "discard"},
		{`{"action":"send","clients":["c1"],"text":"x","discard":true}`, protocol.CodeUnknownField, "discard"},
		{`{"action":"close","clients":["c1"],"json":{}}`, protocol.CodeUnknownField, "json"},
		{`{"action":"close","clients":["c1"],"text":"a","binary":"YQ=="}`, protocol.CodeBadField, "binary"},
	} {
		_, err := parseAction(tt.raw, protocol.Defaults{})
		if err == nil {
			t.Errorf("%.100s is taken", tt.raw)
			continue
		}
		p := problemOf(t, err)
		if p.Status != 400 || p.Code != tt.code || p.Field != tt.field {
			t.Errorf("%.100s: got %d %s in %q (%s), want 400 %s in %q", tt.raw, p.Status, p.Code, p.Field, p.Detail, tt.code, tt.field)
		}
	}
}

// A call says its verb and its groups in its path; its body can't contradict it.
func TestParseActionBodyHoldsOnlyWhatThePathDoesnt(t *testing.T) {
	_, err := parseAction(`{"action":"send","all":true,"text":"x"}`, protocol.Defaults{Verb: protocol.VerbClose})
	wantProblem(t, err, 400, protocol.CodeUnknownField, "action")
	_, err = parseAction(`{"clients":["c1"],"groups":["b"]}`, protocol.Defaults{Verb: protocol.VerbLeave, Groups: []string{"a"}})
	wantProblem(t, err, 400, protocol.CodeUnknownField, "groups")
}

// What a caller of one call is told is about its body, and names only fields that this
// call has.
func TestACallsErrorsAreAboutItsBody(t *testing.T) {
	atPath := protocol.Defaults{Verb: protocol.VerbJoin, Groups: []string{"g"}}
	for _, tt := range []struct {
		raw         string
		defaults    protocol.Defaults
		field, says string
	}{
		{`null`, protocol.Defaults{Verb: protocol.VerbBind}, "body", "must be an object"},
		{`"x"`, protocol.Defaults{Verb: protocol.VerbSend}, "body", "must be an object"},
		{`{"groups":["h"],"client_id":"c1"}`, atPath, "groups", "is not a field of join, which has client_id, clients, uids"},
		{`{}`, atPath, "client_id", "is missing; a join names client_id, clients or uids"},
		{`{"action":"leave","groups":["g"]}`, protocol.Defaults{}, "client_id", "is missing; a leave names client_id, clients or uids"},
		{`{"action":"send","all":true,"text":"a","json":1}`, protocol.Defaults{}, "json", "stands beside another message; one of text, json and binary is expected"},
		{`{"action":"close","all":true,"text":"a","binary":"YQ=="}`, protocol.Defaults{}, "binary", "stands beside another message; one of text and binary is expected"},
	} {
		_, err := parseAction(tt.raw, tt.defaults)
		if p := problemOf(t, err); p.Field != tt.field || p.Detail != tt.says {
			t.Errorf("%s: got %v; want %s: %s", tt.raw, p, tt.field, tt.says)
		}
	}
}

func TestErrorsDontRepeatLongInput(t *testing.T) {
	for _, raw := range []string{
		`{"action":"` + strings.Repeat("z", 1<<20) + `"}`,
		`{"action":"send","` + strings.Repeat("z", 1<<20) + `":1}`,
		`{"action":"bind","client_id":"` + strings.Repeat("z", 1<<20) + `"}`,
		`{"action":"bind","client_id":"c1","uid":"` + strings.Repeat("z", 1<<20) + `"}`,
	} {
		_, err := parseAction(raw, protocol.Defaults{})
		if n := len(problemOf(t, err).Error()); n > 300 {
			t.Errorf("%.40s…: the error has %d bytes", raw, n)
		}
	}
}

// checkAction says that an action that was parsed keeps the contract's limits.
func checkAction(t *testing.T, a *protocol.Action) {
	t.Helper()
	must := func(err error) {
		if err != nil {
			t.Fatalf("parsed, but %v: %+v", err, a)
		}
	}
	limit := func(list []string, check func(string, string) error) {
		if len(list) > protocol.MaxNames {
			t.Fatalf("a list of %d names", len(list))
		}
		for _, name := range list {
			must(check("name", name))
		}
	}
	limit(a.Clients, protocol.CheckClientID)
	limit(a.Except.Clients, protocol.CheckClientID)
	for _, list := range [][]string{a.UIDs, a.Groups, a.Except.UIDs, a.Memberships} {
		limit(list, protocol.CheckName)
	}
	switch a.Verb {
	case protocol.VerbBind:
		must(protocol.CheckName("uid", a.UID))
		must(protocol.CheckClientID("client_id", a.ClientID))
	case protocol.VerbUnbind, protocol.VerbUntil:
		must(protocol.CheckClientID("client_id", a.ClientID))
	case protocol.VerbDissolve:
		must(protocol.CheckName("group", a.Group))
	case protocol.VerbSession:
		must(protocol.CheckJSON(a.Session))
		must(protocol.CheckEmbedded("session", a.Session))
	case protocol.VerbClose:
		if !protocol.BackendMayClose(a.Code) {
			t.Fatalf("close code %d", a.Code)
		}
		must(protocol.CheckReason("reason", a.Reason))
	case protocol.VerbSend:
		if a.Message == nil {
			t.Fatal("a send without a message")
		}
	}
	if a.Message != nil && !a.Message.Binary {
		_, err := protocol.TextMessage("text", a.Message.Payload)
		must(err)
	}
}

func FuzzParseAction(f *testing.F) {
	for _, seed := range []string{
		`{"action":"send","clients":["c1"],"uids":[42],"text":"x"}`,
		`{"action":"send","all":true,"json":{"a":[1,2]}}`,
		`{"action":"bind","client_id":"c1","uid":"u"}`,
		`{"action":"join","client_id":"c1","groups":["a"]}`,
		`{"action":"session","client_id":"c1","merge":{"a":null}}`,
		`{"action":"until","client_id":"c1","at":1}`,
		`{"action":"close","all":true,"code":4100,"reason":"r","binary":"YQ=="}`,
		`{"action":"dissolve","group":"a"}`, `{"action":"leave","uids":{"0":1,"2":"b"},"groups":{}}`, `[]`, `{"action":"send","text":"\ud800"}`,
	} {
		f.Add([]byte(seed), "c1")
	}
	f.Fuzz(func(t *testing.T, raw []byte, clientID string) {
		if protocol.CheckClientID("client_id", clientID) != nil {
			clientID = ""
		}
		a, err := protocol.ParseActionBody(raw, protocol.Defaults{ClientID: clientID})
		if err != nil {
			problemOf(t, err)
			return
		}
		checkAction(t, a)
	})
}
