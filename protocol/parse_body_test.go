package protocol_test

import (
	"reflect"
	"strings"
	"testing"

	"gatepost/protocol"
)

func TestParseActionsBodyKeepsWhatCanBeReadBesideWhatCant(t *testing.T) {
	parsed, err := protocol.ParseActionsBody([]byte(`{"actions":[
		{"action":"send","all":true,"text":"a"}, {"action":"sned"}, 7, {"action":"unbind","client_id":"c1"}]}`))
	if err != nil {
		t.Fatal(err)
	}
	var verbs []protocol.Verb
	for _, p := range parsed {
		if (p.Action == nil) != (p.Err != nil) {
			t.Fatalf("got %+v, want an action or an error", p)
		}
		if p.Action != nil {
			verbs = append(verbs, p.Action.Verb)
		}
	}
	if want := []protocol.Verb{protocol.VerbSend, protocol.VerbUnbind}; len(parsed) != 4 || !reflect.DeepEqual(verbs, want) {
		t.Errorf("got %d actions, of which %v can be read; want 4 and %v", len(parsed), verbs, want)
	}
}

func TestParseActionsBodyTakesAListWithHoles(t *testing.T) {
	parsed, err := protocol.ParseActionsBody([]byte(`{"actions":{
		"3":{"action":"unbind","client_id":"c1"}, "1":{"action":"sned"}, "7":{"action":"dissolve","group":"g"}}}`))
	if err != nil || len(parsed) != 3 || parsed[1].Err == nil ||
		parsed[0].Action.Verb != protocol.VerbUnbind || parsed[2].Action.Verb != protocol.VerbDissolve {
		t.Errorf("got %+v, %v; want them as they were sent", parsed, err)
	}
	if parsed, err := protocol.ParseActionsBody([]byte(`{"actions":{}}`)); err != nil || len(parsed) != 0 {
		t.Errorf("none: got %+v, %v", parsed, err)
	}
}

func TestParseActionsBodyRefuses(t *testing.T) {
	for _, tt := range []struct{ raw, code, field string }{
		{`{"actions":[]} {}`, protocol.CodeBadJSON, ""},
		{`{}`, protocol.CodeBadField, "actions"},
		{`{"actions":null}`, protocol.CodeBadField, "actions"},
		{`{"actions":{"action":"unbind"}}`, protocol.CodeBadField, "actions"},
		{`{"actions":[],"atomic":true}`, protocol.CodeUnknownField, "atomic"},
		{`{"Actions":[]}`, protocol.CodeUnknownField, "Actions"},
		{`[{"action":"send"}]`, protocol.CodeBadField, "body"},
		{`{"actions":[` + strings.Repeat(`{},`, 1000) + `{}]}`, protocol.CodeLimit, "actions"},
	} {
		_, err := protocol.ParseActionsBody([]byte(tt.raw))
		wantProblem(t, err, 400, tt.code, tt.field)
	}
	full := `{"actions":[` + strings.Repeat(`{"action":"join","client_id":"c","groups":["a","b"]},`, 999) + `{}]}`
	if parsed, err := protocol.ParseActionsBody([]byte(full)); err != nil || len(parsed) != 1000 {
		t.Errorf("1,000 actions: got %d, %v", len(parsed), err)
	}
}

func TestParseLookup(t *testing.T) {
	got, err := protocol.ParseLookup([]byte(`{"clients":["c1"],"uids":[42,"a b"],"groups":["*"]}`))
	want := &protocol.Lookup{Clients: []string{"c1"}, UIDs: []string{"42", "a b"}, Groups: []string{"*"}}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, %v; want %+v", got, err, want)
	}
	got, err = protocol.ParseLookup([]byte(`{"clients":{"1":"c1"},"uids":{"0":42,"2":"a b"},"groups":{"9":"*"}}`))
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("with holes: got %+v, %v; want %+v", got, err, want)
	}
	if _, err := protocol.ParseLookup([]byte(`[]`)); err != nil {
		t.Errorf("PHP's empty object is refused: %v", err)
	}
	for _, tt := range []struct{ raw, code, field string }{
		{``, protocol.CodeBadJSON, ""},
		{`{"clients":["C"]}`, protocol.CodeBadClientID, "clients[0]"},
		{`{"uids":` + names(1001) + `}`, protocol.CodeLimit, "uids"},
		{`{"UIDS":[]}`, protocol.CodeUnknownField, "UIDS"},
	} {
		_, err := protocol.ParseLookup([]byte(tt.raw))
		wantProblem(t, err, 400, tt.code, tt.field)
	}
}

func TestParseUntil(t *testing.T) {
	a, err := protocol.ParseUntil("c1", []byte(`{"at":1800000000}`))
	if err != nil || a.ClientID != "c1" || a.Until == nil || *a.Until != 1800000000 {
		t.Errorf("got %+v, %v", a, err)
	}
	if a, err := protocol.ParseUntil("c1", []byte(`{"at":null}`)); err != nil || a.Until != nil {
		t.Errorf("null: got %+v, %v", a, err)
	}
	for _, tt := range []struct{ raw, code, field string }{
		{`{}`, protocol.CodeBadField, "at"},
		{`{"at":"x"}`, protocol.CodeBadField, "at"},
		{`{"at":1,"client_id":"c2"}`, protocol.CodeUnknownField, "client_id"},
	} {
		_, err := protocol.ParseUntil("c1", []byte(tt.raw))
		wantProblem(t, err, 400, tt.code, tt.field)
	}
}

func TestParseSessionBody(t *testing.T) {
	a, err := protocol.ParseSessionBody("c1", protocol.SessionMerge, []byte(" { \"a\" : 1.0 }\n"))
	if err != nil || a.ClientID != "c1" || a.SessionMode != protocol.SessionMerge || string(a.Session) != `{"a":1.0}` {
		t.Errorf("got %+v, %v", a, err)
	}
	for _, raw := range []string{`null`, `[1]`, `"{}"`, `1`} {
		_, err := protocol.ParseSessionBody("c1", protocol.SessionSet, []byte(raw))
		wantProblem(t, err, 400, protocol.CodeBadField, "body")
	}
}

func TestParseReplay(t *testing.T) {
	for raw, want := range map[string]protocol.Replay{
		`{"all":true}`:           {All: true},
		`{"ids":["evt_a","b"]}`:  {IDs: []string{"evt_a", "b"}},
		`{"ids":[],"all":false}`: {IDs: []string{}},
	} {
		if got, err := protocol.ParseReplay([]byte(raw)); err != nil || !reflect.DeepEqual(*got, want) {
			t.Errorf("%s: got %+v, %v; want %+v", raw, got, err, want)
		}
	}
	for _, tt := range []struct{ raw, code, field string }{
		{`{}`, protocol.CodeBadField, "ids"},
		{`{"all":false}`, protocol.CodeBadField, "ids"},
		{`{"all":true,"ids":["a"]}`, protocol.CodeBadField, "ids"},
		{`{"all":true,"type":"close"}`, protocol.CodeUnknownField, "type"},
		{`{"ids":[1]}`, protocol.CodeBadField, "ids[0]"},
	} {
		_, err := protocol.ParseReplay([]byte(tt.raw))
		wantProblem(t, err, 400, tt.code, tt.field)
	}
}

// Whatever a body holds is read, or refused with a field; what is read keeps within its limits.
func FuzzParseBodies(f *testing.F) {
	for _, seed := range []string{`{"groups":["a"],"uids":{"1":7},"fields":["uid"],"limit":5,"cursor":null}`, `{"client_id":"c1"}`, `{"client_id":"c1","set":[]}`,
		`{"client_id":"c1","update":{"a":[1]}}`, `{"id":"../x"}`, `{"id":"\ud800"}`, `{"limit":1.5}`, `{"cursor":""}`, `[]`, `{`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		if l, err := protocol.ParseListing(body, "groups", "uids", "fields"); err != nil {
			problemOf(t, err)
		} else if len(l.Groups) > protocol.MaxNames || len(l.UIDs) > protocol.MaxNames {
			t.Fatalf("%d groups, %d uids", len(l.Groups), len(l.UIDs))
		}
		if a, err := protocol.ParseSessionCall(body); err != nil {
			problemOf(t, err)
		} else if protocol.CheckClientID("client_id", a.ClientID) != nil || (a.SessionMode == "") != (a.Session == nil) {
			t.Fatalf("got %+v", a)
		}
		if _, err := protocol.ParseNamed("id", body); err != nil {
			problemOf(t, err)
		}
	})
}

func TestParseListing(t *testing.T) {
	limit, cursor := int64(5), "x"
	got, err := protocol.ParseListing([]byte(`{"groups":["a/b",7],"uids":{"2":"u"},"fields":["uid"],"limit":5,"cursor":"x"}`), "groups", "uids", "fields")
	want := &protocol.Listing{Groups: []string{"a/b", "7"}, UIDs: []string{"u"}, Fields: []string{"uid"}, Limit: &limit, Cursor: &cursor}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, %v; want %+v", got, err, want)
	}
	for _, empty := range []string{`{}`, `[]`, `{"limit":null,"cursor":null}`} {
		if got, err := protocol.ParseListing([]byte(empty)); err != nil || !reflect.DeepEqual(got, &protocol.Listing{}) {
			t.Errorf("%s: got %+v, %v", empty, got, err)
		}
	}
	for _, tt := range []struct{ raw, code, field string }{
		{`{"group":"a"}`, protocol.CodeUnknownField, "group"},
		{`{"uids":[]}`, protocol.CodeUnknownField, "uids"},
		{`{"groups":"a"}`, protocol.CodeBadField, "groups"},
		{`{"groups":null}`, protocol.CodeBadField, "groups"},
		{`{"groups":["a",""]}`, protocol.CodeBadName, "groups[1]"},
		{`{"groups":` + names(1001) + `}`, protocol.CodeLimit, "groups"},
		{`{"limit":"5"}`, protocol.CodeBadField, "limit"},
		{`{"limit":5.5}`, protocol.CodeBadField, "limit"},
		{`{"cursor":5}`, protocol.CodeBadField, "cursor"},
	} {
		_, err := protocol.ParseListing([]byte(tt.raw), "groups")
		wantProblem(t, err, 400, tt.code, tt.field)
	}
}
