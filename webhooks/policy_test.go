package webhooks

import (
	"net/http"
	"testing"
	"time"

	"gatepost/protocol"
)

func TestRuling(t *testing.T) {
	// For a message and a close, then for a connect.
	tests := []struct {
		status           int
		message, connect ruling
	}{
		{0, again, again}, // no answer
		{101, final, final},
		{200, accepted, accepted}, {204, accepted, accepted}, {299, accepted, accepted},
		{300, final, final}, {301, final, final}, {302, final, final}, {304, final, final}, {307, final, final},
		{400, final, refused}, {401, final, refused}, {403, final, refused}, {410, final, refused},
		{414, final, refused}, {415, final, refused}, {421, final, refused}, {422, final, refused}, {431, final, refused},
		{408, again, refused}, {425, again, refused}, {429, again, refused}, {460, final, refused}, {499, final, refused},
		{404, again, again}, {405, again, again}, {413, again, again}, // unless they are meant: TestARefusalThatIsMeant
		{500, again, again}, {502, again, again}, {503, again, again}, {504, again, again},
		{506, again, again}, {507, again, again}, {508, again, again}, {510, again, again}, {511, again, again},
		{520, again, again}, {521, again, again}, {522, again, again}, {523, again, again}, {524, again, again}, {525, again, again},
		{526, again, again}, {527, again, again}, {529, again, again}, {530, again, again}, {561, again, again}, {598, again, again}, {599, again, again},
		{501, final, again}, {505, final, again}, {600, final, again}, {999, final, again},
	}
	for _, tt := range tests {
		a := &answer{status: tt.status}
		for _, typ := range []protocol.EventType{protocol.Inbound, protocol.Close} {
			if got := rule(typ, a, true); got != tt.message {
				t.Errorf("%s answered %d: %v, want %v", typ, tt.status, got, tt.message)
			}
		}
		if got := rule(protocol.Connect, a, true); got != tt.connect {
			t.Errorf("connect answered %d: %v, want %v", tt.status, got, tt.connect)
		}
	}
	if got := rule(protocol.Connect, &answer{status: 200}, false); got != again {
		t.Errorf("a connect's 200 that is no reply: %v, want again", got)
	}
	if got := rule(protocol.Inbound, &answer{status: 200}, false); got != accepted {
		t.Errorf("a message's 200 that is no reply: %v, want accepted", got)
	}
	if got := rule(protocol.Inbound, &answer{status: 200, fault: "too large"}, false); got != again {
		t.Errorf("a 200 whose body can't be had: %v, want again", got)
	}
}

func TestBackoffDoublesWithJitter(t *testing.T) {
	for try, shortest := range []time.Duration{200, 400, 800, 1600} {
		shortest *= time.Millisecond
		seen := map[time.Duration]bool{}
		for range 200 {
			d := backoff(0, 0, try, nil)
			if d < shortest || d >= shortest*3/2 {
				t.Fatalf("after try %d: %v, want %v to half as much more", try+1, d, shortest)
			}
			seen[d] = true
		}
		if len(seen) < 100 {
			t.Errorf("after try %d: %d different waits of 200: no jitter", try+1, len(seen))
		}
	}
}

func TestLoadOfAnAnswer(t *testing.T) {
	tests := []struct {
		a    answer
		want load
	}{
		{answer{status: 200}, eased},
		{answer{status: 404}, unknown},
		{answer{status: 404, header: http.Header{refuseHeader: {"1"}}}, eased},
		{answer{status: 410}, eased},
		{answer{status: 429}, overloaded},
		{answer{status: 503}, overloaded},
		{answer{status: 529}, overloaded},
		{answer{status: 500}, unknown},
		{answer{status: 522}, unknown},
		{answer{timeout: true}, late},
		{answer{status: 200, timeout: true, fault: "cut off"}, late},
		{answer{fault: "connection refused"}, unknown},
	}
	for _, tt := range tests {
		if got := tt.a.load(); got != tt.want {
			t.Errorf("%+v: %v, want %v", tt.a, got, tt.want)
		}
	}
}
