package gateway

import (
	"bytes"
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"

	"gatepost/protocol"
)

// everything is an action with each field set to something.
func everything(t testing.TB) *protocol.Action {
	until := int64(1_800_000_000)
	a := &protocol.Action{
		Verb: protocol.VerbSend, ClientID: "c1", UID: "ü",
		Target:      protocol.Target{Clients: []string{"c1", "c2"}, UIDs: []string{"1", "a b"}, Groups: []string{"*"}, All: true},
		Except:      protocol.Target{Clients: []string{"c3"}, UIDs: []string{">"}, Groups: []string{"g"}, All: true},
		Memberships: []string{"g", "h"}, Group: "g", Message: &protocol.Message{Binary: true, Payload: []byte{0, 255}},
		SessionMode: protocol.SessionMerge, Session: json.RawMessage(`{"n":1.50}`), SessionIfMatch: `"x"`,
		Until: &until, Code: 4100, Reason: "é", Force: true, Discard: true,
	}
	for fields := []reflect.Value{reflect.ValueOf(*a), reflect.ValueOf(a.Except)}; len(fields) > 0; fields = fields[1:] {
		for i := range fields[0].NumField() {
			if fields[0].Field(i).IsZero() {
				t.Fatalf("%s isn't set: a new field is to be sent between nodes too", fields[0].Type().Field(i).Name)
			}
		}
	}
	return a
}

// What one node asks is what the other reads, whichever fields there are.
func TestActionsBetweenNodes(t *testing.T) {
	text := everything(t)
	text.Message = &protocol.Message{Payload: []byte{}}
	sent := *everything(t)
	sent.Target = protocol.Target{}
	for _, a := range []*protocol.Action{everything(t), text, {Verb: protocol.VerbClose}, &sent} {
		r, err := decodeRequest(encodeAction(opDo, a, a.Target))
		if err != nil {
			t.Fatal(err)
		}
		if r.op != opDo || !reflect.DeepEqual(r.action, a) {
			t.Errorf("got %+v, want %+v", r.action, a)
		}
	}
}

func TestQuestionsBetweenNodes(t *testing.T) {
	q := question{ID: "c1", Clients: []string{"c"}, UIDs: []string{"1"}, Groups: []string{"g"}, IDs: []string{"evt"},
		All: true, Limit: 7, Cursor: []byte("\xff\x00")}
	for i := range reflect.TypeFor[question]().NumField() {
		if reflect.ValueOf(q).Field(i).IsZero() {
			t.Fatalf("field %d isn't set", i)
		}
	}
	r, err := decodeRequest(encodeQuestion(opClients, q))
	if err != nil || r.op != opClients || !reflect.DeepEqual(r.ask, q) {
		t.Errorf("got %+v, %v, want %+v", r, err, q)
	}
}

// A node keeps the limits for itself: others may run another release.
func TestLimitsBetweenNodes(t *testing.T) {
	many := strings.Split(strings.Repeat("a,", maxActionNames), ",") // one more than there may be
	many[maxActionNames] = "b"
	long := strings.Repeat("x", protocol.MaxNameBytes+1)
	to := func(target protocol.Target) *protocol.Action {
		return &protocol.Action{Verb: protocol.VerbClose, Target: target}
	}
	for name, a := range map[string]*protocol.Action{
		"names":            to(protocol.Target{UIDs: many}),
		"a long name":      to(protocol.Target{Groups: []string{long}}),
		"a control":        to(protocol.Target{UIDs: []string{"\n"}}),
		"a client id":      to(protocol.Target{Clients: []string{"A"}}),
		"text not UTF-8":   {Verb: protocol.VerbSend, Message: &protocol.Message{Payload: []byte{255}}},
		"no message":       {Verb: protocol.VerbSend},
		"an unknown verb":  {Verb: "explode"},
		"no verb":          {},
		"a gateway's code": {Verb: protocol.VerbClose, Code: 4001},
		"a long reason":    {Verb: protocol.VerbClose, Reason: long},
		"a session":        {Verb: protocol.VerbSession, Session: json.RawMessage(`[1]`)},
		"no JSON":          {Verb: protocol.VerbSession, Session: json.RawMessage(`{`)},
	} {
		if _, err := decodeRequest(encodeAction(opDo, a, a.Target)); !errors.Is(err, errUnreadable) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, q := range map[string]question{"names": {IDs: many}, "limit": {Limit: protocol.MaxPage + 1}, "less than none": {Limit: -1}} {
		if _, err := decodeRequest(encodeQuestion(opUIDs, q)); !errors.Is(err, errUnreadable) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestAnswersBetweenNodes(t *testing.T) {
	for _, missed := range [][]string{nil, {"a"}, {"a", "", strings.Repeat("n", 300)}} {
		how, got, body, err := decodeAnswer(encodeAnswer(wentWrong, missed, []byte("body")))
		if err != nil || how != wentWrong || !reflect.DeepEqual(got, missed) || string(body) != "body" {
			t.Errorf("got %d, %v, %q, %v", how, got, body, err)
		}
	}
	if counts, err := decodeCounts(encodeCounts(1, 300, 0), 3); err != nil || !reflect.DeepEqual(counts, []int{1, 300, 0}) {
		t.Errorf("got %v, %v", counts, err)
	}
}

// FuzzRequest: whatever comes is read or refused, and what is read means what it says.
func FuzzRequest(f *testing.F) {
	f.Add(encodeAction(opDo, everything(f), everything(f).Target))
	f.Add(encodeAction(opMayJoin, &protocol.Action{Verb: protocol.VerbJoin, Memberships: []string{"g"}}, protocol.Target{UIDs: []string{"1"}}))
	f.Add(encodeQuestion(opLookup, question{UIDs: []string{"1"}, Cursor: []byte{1}}))
	f.Add([]byte{byte(opDo), byte(fieldUntil), 0x80, 0x80})
	f.Fuzz(func(t *testing.T, raw []byte) {
		r, err := decodeRequest(raw)
		if err != nil {
			if !errors.Is(err, errUnreadable) {
				t.Fatalf("%v doesn't say that the request is unreadable", err)
			}
			return
		}
		again := encodeQuestion(r.op, r.ask)
		if r.action != nil {
			again = encodeAction(r.op, r.action, r.action.Target)
		}
		twice, err := decodeRequest(again)
		if err != nil {
			t.Fatalf("what was read can't be read again: %v", err)
		}
		if a, b := show(t, r), show(t, twice); !bytes.Equal(a, b) {
			t.Fatalf("read %s, then %s", a, b)
		}
	})
}

func show(t *testing.T, r *request) []byte {
	raw, err := json.Marshal([]any{r.op, r.action, r.ask})
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// FuzzAnswer: no answer of another node makes a panic, or much of little.
func FuzzAnswer(f *testing.F) {
	f.Add(encodeAnswer(wentWell, []string{"a"}, encodeCounts(1, 2, 3)))
	f.Add(encodeAnswer(wentWrong, nil, []byte(`{"Status":404}`)))
	f.Fuzz(func(t *testing.T, raw []byte) {
		_, missed, body, err := decodeAnswer(raw)
		if err != nil {
			return
		}
		if len(missed)+len(body) > len(raw) {
			t.Fatalf("%d bytes hold %d names and %d bytes", len(raw), len(missed), len(body))
		}
		counts, err := decodeCounts(body, 3)
		for _, n := range counts {
			if err == nil && n < 0 {
				t.Fatalf("counted %d", n)
			}
		}
		var l list[tally]
		if json.Unmarshal(body, &l) == nil {
			page, _ := merge(10, []list[tally]{l, l}, (*tally).add)
			for i := range page {
				page[i].Value.count()
			}
		}
	})
}

// FuzzServe: no request of another node makes a panic, and each one is ended.
func FuzzServe(f *testing.F) {
	_, nodes := newMesh(f, "a")
	for o := op(1); o < opEnd; o++ {
		f.Add(encodeQuestion(o, question{ID: "x", UIDs: []string{"1"}, Limit: 3}))
	}
	for _, verb := range []protocol.Verb{protocol.VerbSend, protocol.VerbClose, protocol.VerbSession, protocol.VerbJoin} {
		f.Add(encodeAction(opDo, &protocol.Action{Verb: verb, ClientID: "x", Message: &protocol.Message{}}, protocol.Target{All: true}))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		r := &meshReply{t: t, done: make(chan struct{})}
		nodes[0].Serve(t.Context(), nodes[0].self, raw, r)
		<-r.done
		if _, _, _, err := decodeAnswer(bytes.Join(r.parts, nil)); err != nil {
			t.Fatalf("answered %q: %v", bytes.Join(r.parts, nil), err)
		}
	})
}
