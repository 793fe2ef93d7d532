package protocol_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"gatepost/protocol"
)

// connectedAt is in another zone and has microseconds, which events don't.
var connectedAt = protocol.Time{Time: time.Date(2026, 11, 22, 13, 0, 0, 123_999_000, time.FixedZone("", 3600))}

func event(typ protocol.EventType, seq uint64) protocol.Event {
	uid := "42"
	e := protocol.Event{Type: typ, ID: protocol.EventID("c1", seq), Timestamp: connectedAt, Data: protocol.EventData{
		ClientID: "c1", Seq: seq, UID: &uid, Groups: []string{"room-1"}, Session: []byte(`{"lang":"en"}`),
		RemoteAddr: "203.0.113.9", RemotePort: 50123, ConnectedAt: connectedAt, Node: "n1"}}
	if typ == protocol.Close {
		e.ID = protocol.CloseEventID("c1")
	}
	return e
}

const eventHead = `"timestamp":"2026-11-22T12:00:00.123Z","data":{"client_id":"c1",`
const eventTail = `"uid":"42","groups":["room-1"],"session":{"lang":"en"},` +
	`"remote_addr":"203.0.113.9","remote_port":50123,"connected_at":"2026-11-22T12:00:00.123Z","node":"n1",`

func TestEventsHaveTheirWireForm(t *testing.T) {
	connect := event(protocol.Connect, 0)
	connect.Data.Request = &protocol.Request{Path: "/ws", Query: map[string]string{"room": "1"}, RawQuery: "room=1",
		Headers: map[string]string{"user-agent": "x"}, Cookies: map[string]string{"sid": "s"}, Subprotocols: []string{"chat"}}
	withClaims := connect
	withClaims.Data.UID = nil
	withClaims.Data.Groups = []string{}
	withClaims.Data.Session = protocol.EmptySession
	withClaims.Data.Request = &protocol.Request{Path: "/", Query: map[string]string{}, Headers: map[string]string{},
		Cookies: map[string]string{}, Subprotocols: []string{}, Claims: []byte(`{"n":1.0}`)}
	text := event(protocol.Inbound, 7)
	text.Data.Message = &protocol.Message{Payload: []byte("<b>&\u2028é\"")}
	binary := event(protocol.Inbound, 8)
	binary.Data.Message = &protocol.Message{Binary: true, Payload: []byte{0, 255}}
	closed := event(protocol.Close, 9)
	closed.Data.Close = &protocol.CloseInfo{Code: 1001, Reason: "bye", Initiator: protocol.ByClient, DurationMS: 5, MessagesIn: 6, MessagesOut: 7}
	closed.Data.UIDRemaining = &protocol.Remaining{Known: true}
	unknown := closed
	unknown.Data.UIDRemaining = &protocol.Remaining{}

	const closeInfo = `"close":{"code":1001,"reason":"bye","initiator":"client","duration_ms":5,"messages_in":6,"messages_out":7}`
	for name, tt := range map[string]struct {
		event protocol.Event
		want  string
	}{
		"connect": {connect, `{"type":"connect","id":"evt_c1_0",` + eventHead + `"seq":0,` + eventTail +
			`"request":{"path":"/ws","query":{"room":"1"},"raw_query":"room=1","headers":{"user-agent":"x"},"cookies":{"sid":"s"},"subprotocols":["chat"],"claims":null}}}`},
		"connect of nobody yet": {withClaims, `{"type":"connect","id":"evt_c1_0",` + eventHead + `"seq":0,` +
			strings.NewReplacer(`"42"`, `null`, `["room-1"]`, `[]`, `{"lang":"en"}`, `{}`).Replace(eventTail) +
			`"request":{"path":"/","query":{},"raw_query":"","headers":{},"cookies":{},"subprotocols":[],"claims":{"n":1.0}}}}`},
		"text": {text, `{"type":"message","id":"evt_c1_7",` + eventHead + `"seq":7,` + eventTail +
			`"message":{"text":"<b>&\u2028é\""}}}`},
		"binary": {binary, `{"type":"message","id":"evt_c1_8",` + eventHead + `"seq":8,` + eventTail +
			`"message":{"binary":"AP8="}}}`},
		"close": {closed, `{"type":"close","id":"evt_c1_close",` + eventHead + `"seq":9,` + eventTail + closeInfo + `,"uid_remaining":0}}`},
		"close, a node silent": {unknown, `{"type":"close","id":"evt_c1_close",` + eventHead + `"seq":9,` + eventTail + closeInfo +
			`,"uid_remaining":null}}`},
	} {
		got, err := protocol.Marshal(tt.event)
		if err != nil || string(got) != tt.want {
			t.Errorf("%s:\n got %s, %v\nwant %s", name, got, err, tt.want)
		}
		var back protocol.Event
		if err := json.Unmarshal(got, &back); err != nil {
			t.Errorf("%s can't be read back: %v", name, err)
		} else if again, err := protocol.Marshal(back); err != nil || string(again) != string(got) {
			t.Errorf("%s:\n comes back as %s, %v\n        it was %s", name, again, err, got)
		}
	}
}

func TestAnEmptyMessageIsStillOne(t *testing.T) {
	for want, m := range map[string]protocol.Message{
		`{"text":""}`:   {},
		`{"binary":""}`: {Binary: true},
	} {
		if got, err := protocol.Marshal(m); err != nil || string(got) != want {
			t.Errorf("got %s, %v; want %s", got, err, want)
		}
		var back protocol.Message
		if err := json.Unmarshal([]byte(want), &back); err != nil || back.Binary != m.Binary || len(back.Payload) != 0 {
			t.Errorf("%s came back as %+v, %v", want, back, err)
		}
	}
}

func TestTimesAreInUTCWithMilliseconds(t *testing.T) {
	east := time.FixedZone("", 3600)
	for want, at := range map[string]time.Time{
		"2026-11-22T12:00:00.123Z": time.Date(2026, 11, 22, 13, 0, 0, 123_999_999, east),
		"2026-12-31T23:59:59.000Z": time.Date(2027, 1, 1, 0, 59, 59, 999_999, east),
		"0001-01-01T00:00:00.070Z": time.Time{}.Add(70 * time.Millisecond),
		"9999-12-31T23:59:59.905Z": time.Date(9999, 12, 31, 23, 59, 59, 905_000_000, time.UTC),
	} {
		if raw, err := json.Marshal(protocol.Time{Time: at}); err != nil || string(raw) != `"`+want+`"` {
			t.Errorf("%v: got %s, %v", at, raw, err)
		}
	}
}

func TestTimesAreWrittenAsTheyAreRead(t *testing.T) {
	raw, err := json.Marshal(connectedAt)
	if err != nil {
		t.Fatal(err)
	}
	var back protocol.Time
	if err := json.Unmarshal(raw, &back); err != nil || !back.Equal(connectedAt.Truncate(time.Millisecond)) {
		t.Errorf("%s came back as %v, %v", raw, back, err)
	}
}

func TestWhatIsNoEventIsNotReadAsOne(t *testing.T) {
	for _, raw := range []string{`{"data":{"message":{}}}`, `{"data":{"message":{"text":1}}}`, `{"data":{"message":{"text":"a","binary":"AA=="}}}`,
		`{"data":{"message":{"binary":"%"}}}`, `{"data":{"message":[1]}}`, `{"data":{"uid_remaining":"many"}}`, `{"data":{"seq":-1}}`, `{"timestamp":5}`} {
		var e protocol.Event
		if err := json.Unmarshal([]byte(raw), &e); err == nil {
			t.Errorf("%s was read as %+v", raw, e)
		}
	}
}
