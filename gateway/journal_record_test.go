package gateway

import (
	"encoding/json"
	"testing"
	"time"

	"gatepost/protocol"
)

// A record is the same text in every version: an earlier one's is read after an
// update, and nodes of both copy them to each other meanwhile.
func TestRecordsStayAsTheyAre(t *testing.T) {
	at := time.Date(2026, 1, 2, 3, 4, 5, 6e6, time.UTC)
	const head = `{"uid":"u","groups":["g"],"session":{"n":1},"addr":"192.0.2.1","port":7,"at":"2026-01-02T03:04:05.006Z","trace":"t","path":"/ws","node":"n","seq":256`
	want := record{UID: "u", Groups: []string{"g"}, Session: json.RawMessage(`{"n":1}`), RemoteAddr: "192.0.2.1", RemotePort: 7,
		ConnectedAt: at, TraceID: "t", Path: "/ws", Node: "n", Seq: 256}
	ended := want
	ended.ending = ending{&protocol.CloseInfo{Code: 1000, Reason: "bye", Initiator: protocol.ByClient, DurationMS: 1500, MessagesIn: 2, MessagesOut: 3}, at.Add(time.Hour)}
	for name, tt := range map[string]struct {
		text string
		want record
	}{
		"connected": {head + "}", want},
		"ended":     {head + `,"closed":{"code":1000,"reason":"bye","initiator":"client","duration_ms":1500,"messages_in":2,"messages_out":3},"closed_at":"2026-01-02T04:04:05.006Z"}`, ended},
	} {
		t.Run(name, func(t *testing.T) {
			text, err := json.Marshal(tt.want)
			if err != nil || string(text) != tt.text {
				t.Errorf("it is kept as\n%s, want\n%s (%v)", text, tt.text, err)
			}
			got, err := readRecord([]byte(tt.text))
			if err != nil {
				t.Fatal(err)
			}
			if again, err := json.Marshal(got); err != nil || string(again) != tt.text {
				t.Errorf("it is read as\n%s, want\n%s (%v)", again, tt.text, err)
			}
			if o := lastOf(got, nil); o.seq != 256 || tt.want.Closed != nil && (*o.closed != *tt.want.Closed || !o.at.Equal(tt.want.ClosedAt)) ||
				tt.want.Closed == nil && o.closed.Initiator != protocol.ByNodeLost {
				t.Errorf("its close is %+v of %v, number %d", o.closed, o.at, o.seq)
			}
		})
	}
}
