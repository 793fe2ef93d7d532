package webhooks

import (
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
		{400, final, refused}, {401, final, refused}, {403, final, refused}, {404, final, refused}, {410, final, refused},
		{408, again, refused}, {425, again, refused}, {429, again, refused}, {499, final, refused},
		{500, again, again}, {502, again, again}, {503, again, again}, {504, again, again},
		{501, final, again}, {505, final, again}, {599, final, again},
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
		{answer{status: 404}, eased},
		{answer{status: 429}, overloaded},
		{answer{status: 503}, overloaded},
		{answer{status: 500}, unknown},
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
