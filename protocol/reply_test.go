package protocol_test

import (
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"testing"

	"gatepost/protocol"
)

func TestAnEmptyReplyAsksForNothing(t *testing.T) {
	for _, body := range []string{"", " \r\n", "{}", "[]", " [ ] ", `{"reply":null,"session":null,"uid":null,"actions":null}`} {
		for _, event := range protocol.EventTypes {
			r, err := protocol.ParseReply(event, "c1", []byte(body))
			if err != nil {
				t.Errorf("%s, %q: %v", event, body, err)
				continue
			}
			if r.UID != nil || r.Groups != nil || r.Session != nil || r.Until != nil || r.Subprotocol != "" || r.Actions != nil || r.Message != nil {
				t.Errorf("%s, %q: got %+v", event, body, r)
			}
		}
	}
}

func TestParseReplyToConnect(t *testing.T) {
	r, err := protocol.ParseReply(protocol.Connect, "c1", []byte(`{"uid":42,"groups":["a",7],"session":{"n":1.0},
		"until":1800000000,"subprotocol":"chat","actions":[{"action":"join","groups":["b"]}],"reply":"x","hello":1}`))
	if err != nil {
		t.Fatal(err)
	}
	uid := "42"
	want := &protocol.Reply{UID: &uid, Groups: []string{"a", "7"}, Session: []byte(`{"n":1.0}`), Until: unix(1800000000),
		Subprotocol: "chat", Actions: r.Actions, Unknown: []string{"hello", "reply"}}
	if !reflect.DeepEqual(r, want) {
		t.Errorf("got %+v\nwant %+v", r, want)
	}
	if len(r.Actions) != 1 || r.Actions[0].Err != nil || !reflect.DeepEqual(r.Actions[0].Action.Clients, []string{"c1"}) {
		t.Errorf("got actions %+v, want a join of the event's client", r.Actions)
	}
}

// PHP's array_filter leaves holes in a list, which PHP then encodes as an object.
func TestParseReplyTakesListsWithHoles(t *testing.T) {
	r, err := protocol.ParseReply(protocol.Connect, "c1", []byte(
		`{"groups":{"0":"a","2":"c"},"actions":{"1":{"action":"leave","groups":{"4":"b"}}}}`))
	if err != nil {
		t.Fatal(err)
	}
	if want := []string{"a", "c"}; !reflect.DeepEqual(r.Groups, want) {
		t.Errorf("got groups %q, want %q", r.Groups, want)
	}
	if len(r.Actions) != 1 || r.Actions[0].Err != nil || !reflect.DeepEqual(r.Actions[0].Action.Memberships, []string{"b"}) {
		t.Errorf("got actions %+v", r.Actions)
	}
}

func TestParseReplyToMessage(t *testing.T) {
	for body, want := range map[string]string{
		`{"reply":"hello"}`:                       "hello",
		`{"reply":""}`:                            "",
		`{"reply":"<é>\u00e9"}`:                   "<é>é",
		`{"reply":{"a" : 1.0, "b":[ ]}}`:          `{"a":1.0,"b":[]}`,
		`{"reply":[]}`:                            `[]`,
		`{"reply":{"0":"a","2":"c"}}`:             `{"0":"a","2":"c"}`,
		`{"reply":12345678901234567890}`:          `12345678901234567890`,
		`{"reply":false}`:                         `false`,
		`{ "reply" : "spaced" , "session" : {} }`: "spaced",
	} {
		r, err := protocol.ParseReply(protocol.Inbound, "c1", []byte(body))
		if err != nil || r.Message == nil || r.Message.Binary || string(r.Message.Payload) != want {
			t.Errorf("%s: got %+v, %v; want %q", body, r, err, want)
		}
	}
	r, err := protocol.ParseReply(protocol.Inbound, "c1", []byte(`{"session":[],"actions":[],"uid":"x","groups":[]}`))
	if err != nil || string(r.Session) != `{}` || r.Message != nil || r.UID != nil {
		t.Errorf("got %+v, %v", r, err)
	}
	if want := []string{"groups", "uid"}; !reflect.DeepEqual(r.Unknown, want) {
		t.Errorf("unknown fields: got %q, want %q", r.Unknown, want)
	}
}

func TestParseReplyToClose(t *testing.T) {
	r, err := protocol.ParseReply(protocol.Close, "c1", []byte(`{"actions":[{"action":"send","all":true,"text":"gone"}],"reply":"x","session":{}}`))
	if err != nil || len(r.Actions) != 1 || r.Message != nil || r.Session != nil {
		t.Errorf("got %+v, %v", r, err)
	}
}

func TestAnActionThatCantBeReadHarmsNoOther(t *testing.T) {
	r, err := protocol.ParseReply(protocol.Inbound, "c1", []byte(
		`{"reply":"ok","actions":[{"action":"nope"},{"action":"send","all":true,"text":"\ud800"},{"action":"unbind"}]}`))
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Actions) != 3 || r.Actions[0].Err == nil || r.Actions[1].Err == nil || r.Actions[2].Err != nil {
		t.Errorf("got %+v, want errors in the first two only", r.Actions)
	}
}

func TestParseReplyRefuses(t *testing.T) {
	for _, tt := range []struct {
		event       protocol.EventType
		raw         string
		status      int
		code, field string
	}{
		{protocol.Inbound, `<br />Fatal error`, 400, protocol.CodeBadJSON, ""},
		{protocol.Inbound, `{} {}`, 400, protocol.CodeBadJSON, ""},
		{protocol.Inbound, `null`, 400, protocol.CodeBadField, "the reply"},
		{protocol.Inbound, `"ok"`, 400, protocol.CodeBadField, "the reply"},
		{protocol.Inbound, `[1]`, 400, protocol.CodeBadField, "the reply"},
		{protocol.Inbound, `{"reply":"\ud800"}`, 400, protocol.CodeBadField, "reply"},
		{protocol.Inbound, `{"session":"x"}`, 400, protocol.CodeBadField, "session"},
		{protocol.Inbound, `{"actions":{"action":"unbind"}}`, 400, protocol.CodeBadField, "actions"},
		{protocol.Inbound, `{"actions":[` + strings.Repeat("1,", 1000) + `1]}`, 400, protocol.CodeLimit, "actions"},
		{protocol.Connect, `{"uid":""}`, 400, protocol.CodeBadName, "uid"},
		{protocol.Connect, `{"uid":1.5}`, 400, protocol.CodeBadField, "uid"},
		{protocol.Connect, `{"groups":["a",""]}`, 400, protocol.CodeBadName, "groups[1]"},
		{protocol.Connect, `{"groups":` + names(257) + `}`, 400, protocol.CodeLimit, "groups"},
		{protocol.Connect, `{"session":{"a":"` + strings.Repeat("x", 16<<10) + `"}}`, 413, protocol.CodeTooLarge, "session"},
		{protocol.Connect, `{"until":"tomorrow"}`, 400, protocol.CodeBadField, "until"},
		{protocol.Connect, `{"subprotocol":1}`, 400, protocol.CodeBadField, "subprotocol"},
	} {
		_, err := protocol.ParseReply(tt.event, "c1", []byte(tt.raw))
		if err == nil {
			t.Errorf("%s: %.60s is taken", tt.event, tt.raw)
			continue
		}
		wantProblem(t, err, tt.status, tt.code, tt.field)
	}
	if r, err := protocol.ParseReply(protocol.Connect, "c1", []byte(`{"groups":`+names(256)+`}`)); err != nil || len(r.Groups) != 256 {
		t.Errorf("256 groups: %v", err)
	}
}

// What goes to the log as a hint is a line, however much there is to hint at.
func TestUnknownFieldsAreToldInBrief(t *testing.T) {
	var b strings.Builder
	for i := range 500 {
		b.WriteString(`,"` + strings.Repeat("k", 100+i) + `":1`)
	}
	r, err := protocol.ParseReply(protocol.Inbound, "c1", []byte(`{"reply":"x"`+b.String()+`}`))
	if err != nil {
		t.Fatal(err)
	}
	if n := len(strings.Join(r.Unknown, "")); len(r.Unknown) == 0 || n > 1000 {
		t.Errorf("told %d fields in %d bytes", len(r.Unknown), n)
	}
}

func TestParseBatchReply(t *testing.T) {
	event := func(typ protocol.EventType, client string) *protocol.Event {
		return &protocol.Event{ID: "evt_" + client, Type: typ, Data: protocol.EventData{ClientID: client}}
	}
	events := []*protocol.Event{event(protocol.Inbound, "a"), event(protocol.Inbound, "b"), event(protocol.Close, "c"), event(protocol.Inbound, "d"),
		event(protocol.Inbound, "e"), event(protocol.Inbound, "f"), event(protocol.Inbound, "g")}
	got, strange, err := protocol.ParseBatchReply(events, []byte(`{"reply":{},"retry":null,"replies":{
		"evt_f":{"reply":"first"}, "evt_g":{"reply":"first"},
		"evt_d":7, "evt_a":{"reply":"x","actions":[{"action":"unbind"}]}, "evt_b":{"retry":true}, "evt_c":{"session":1},
		"evt_other":{"reply":"not ours"}, "evt_f":{"session":{}}, "evt_\u0067":null}}`))
	if err != nil || len(got) != len(events) {
		t.Fatalf("got %d parts, %v", len(got), err)
	}
	if want := []string{"replies.evt_other", "reply"}; !slices.Equal(strange, want) {
		t.Errorf("what means nothing: %q, want %q", strange, want)
	}
	if a := got[0]; a.Err != nil || string(a.Reply.Message.Payload) != "x" || a.Reply.Actions[0].Action.ClientID != "a" {
		t.Errorf("evt_a: got %+v", a)
	}
	if b := got[1]; b.Err != nil || !b.Reply.Retry {
		t.Errorf("evt_b: got %+v, want retry", b)
	}
	if c := got[2]; c.Err != nil || !reflect.DeepEqual(c.Reply.Unknown, []string{"session"}) {
		t.Errorf("evt_c: got %+v, want session unknown to a close", c)
	}
	if d := got[3]; d.Err == nil {
		t.Errorf("evt_d: got %+v, want its own error", d)
	}
	if f := got[5]; f.Err != nil || f.Reply.Message != nil || f.Reply.Session == nil {
		t.Errorf("evt_f: got %+v, want the later of its two replies", f)
	}
	for i, why := range map[int]string{4: "that has no reply", 6: "whose later reply is null"} {
		if got[i] != (protocol.ParsedReply{}) {
			t.Errorf("an event %s: got %+v", why, got[i])
		}
	}

	for _, nothing := range []string{"", "{}", "[]", `{"replies":null}`, `{"replies":[]}`, `{"replies":{"evt_a":null}}`} {
		got, strange, err := protocol.ParseBatchReply(events, []byte(nothing))
		if err != nil || len(strange) != 0 || len(got) != len(events) || slices.ContainsFunc(got, func(p protocol.ParsedReply) bool { return p != protocol.ParsedReply{} }) {
			t.Errorf("%q: got %+v, %v", nothing, got, err)
		}
	}
	for _, bad := range []string{"x", `{"replies":1}`, `{"replies":[{}]}`, `[1]`} {
		if _, _, err := protocol.ParseBatchReply(events, []byte(bad)); err == nil {
			t.Errorf("%q is taken", bad)
		}
	}
	// Outside a batch nobody asks for a repeat in this way.
	if r, err := protocol.ParseReply(protocol.Inbound, "a", []byte(`{"retry":true}`)); err != nil || r.Retry || len(r.Unknown) != 1 {
		t.Errorf("retry outside a batch: got %+v, %v", r, err)
	}
}

func FuzzParseReply(f *testing.F) {
	for _, seed := range []string{
		`{"uid":42,"groups":["a"],"session":{},"until":1,"subprotocol":"x"}`, `{"reply":{"a":1}}`, `{"reply":"\ud800"}`,
		`{"actions":[{"action":"close"},{"action":"send","all":true,"text":"x"}]}`, `[]`, ` `, `{"replies":{"e":{"retry":true}}}`, "<html>",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		for _, event := range protocol.EventTypes {
			r, err := protocol.ParseReply(event, "c1", body)
			if err != nil {
				problemOf(t, err)
				continue
			}
			if r.UID != nil {
				if err := protocol.CheckName("uid", *r.UID); err != nil {
					t.Fatal(err)
				}
			}
			for _, group := range r.Groups {
				if err := protocol.CheckName("group", group); err != nil {
					t.Fatal(err)
				}
			}
			if len(r.Groups) > protocol.MaxGroupsPerClient || len(r.Session) > protocol.MaxSessionBytes || len(r.Actions) > protocol.MaxActions {
				t.Fatalf("over a limit: %+v", r)
			}
			if r.Session != nil && (!json.Valid(r.Session) || r.Session[0] != '{') {
				t.Fatalf("session %q", r.Session)
			}
			if r.Message != nil {
				if _, err := protocol.TextMessage("reply", r.Message.Payload); err != nil {
					t.Fatal(err)
				}
			}
			for _, a := range r.Actions {
				if a.Err == nil {
					checkAction(t, a.Action)
				}
			}
		}
		_, _, _ = protocol.ParseBatchReply([]*protocol.Event{{ID: "e", Type: protocol.Inbound}}, body)
	})
}
