package protocol_test

import (
	"encoding/json"
	"testing"
	"time"

	"gatepost/protocol"
)

// What AppendEvent writes is what encoding/json writes, byte for byte.
func FuzzAppendEvent(f *testing.F) {
	f.Add(uint8(0), "c1", "42", "room-1", []byte(`{"lang": "en"}`), []byte("hello <b>&\u2028\u2029\x00\x1f\x7f\b\f\n\r\t\"\\é𝄞"), uint64(7), int64(1795368226684))
	f.Add(uint8(1), "", "", "", []byte(`{}`), []byte{0, 255}, uint64(0), int64(0))
	f.Add(uint8(2), "c\xff", "\xe2\x80", "g", []byte(`null`), []byte("bye\xed\xa0\x80"), uint64(1<<63), int64(-1))
	f.Add(uint8(3), "c", "u", "g", []byte(``), []byte{}, uint64(1), int64(1))
	f.Add(uint8(6), "c", "u", "g", []byte("{\"<\u2028\":1.0}"), []byte("x"), uint64(1), int64(1))
	f.Add(uint8(4), "c", "u", "g", []byte(`{"a":`), []byte("x"), uint64(1), int64(1))
	f.Fuzz(func(t *testing.T, shape uint8, id, uid, group string, session, payload []byte, n uint64, ms int64) {
		at := protocol.Time{Time: time.UnixMilli(ms % 253402300800000).In(time.FixedZone("", 3600))}
		ev := protocol.Event{Type: protocol.Inbound, ID: id, Timestamp: at, Data: protocol.EventData{
			ClientID: id, Seq: n, Session: session, RemoteAddr: group, RemotePort: int(n % 65536), ConnectedAt: at, Node: uid}}
		if uid != "" {
			ev.Data.UID = &uid
		}
		if group != "" {
			ev.Data.Groups = []string{group, id, uid}[:1+n%3]
		}
		switch shape % 4 {
		case 0, 1:
			ev.Data.Message = &protocol.Message{Binary: shape%4 == 1, Payload: payload}
		case 2:
			ev.Type = protocol.Close
			ev.Data.Close = &protocol.CloseInfo{Code: int(ms), Reason: string(payload), Initiator: protocol.Initiator(group), DurationMS: ms, MessagesIn: n, MessagesOut: n / 2}
			ev.Data.UIDRemaining = &protocol.Remaining{Known: n%2 == 0, Count: int(ms)}
		case 3:
			ev.Type = protocol.Connect
			ev.Data.Request = &protocol.Request{Path: string(payload), Query: map[string]string{id: uid, group: id}, Headers: map[string]string{}, Claims: session}
		}
		if shape&4 != 0 {
			ev.Data.Session = nil
		}
		want, wantErr := protocol.Marshal(&ev)
		got, err := protocol.AppendEvent([]byte("before"), &ev)
		if (err == nil) != (wantErr == nil) {
			t.Fatalf("got %v, want %v", err, wantErr)
		}
		if err == nil && string(got) != "before"+string(want) {
			t.Errorf("got  %s\nwant before%s", got, want)
		}
	})
}

// A message's JSON costs the slice that it is in, and nothing else.
func TestAppendEventAllocatesNothing(t *testing.T) {
	ev := event(protocol.Inbound, 7)
	ev.Data.Session = protocol.EmptySession
	ev.Data.Message = &protocol.Message{Payload: []byte("hello \"<b>\" 你好")}
	b := make([]byte, 0, 1024)
	if n := testing.AllocsPerRun(100, func() { b, _ = protocol.AppendEvent(b[:0], &ev) }); n > 0 {
		t.Errorf("%v allocations", n)
	}
	if !json.Valid(b) {
		t.Errorf("it wrote %s", b)
	}
}
