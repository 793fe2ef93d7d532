package protocol_test

import (
	"testing"

	"gatepost/protocol"
)

func TestBackendsCloseWithTheirOwnCodesOnly(t *testing.T) {
	for _, code := range []int{1000, 4100, 4999} {
		if !protocol.BackendMayClose(code) {
			t.Errorf("%d is refused", code)
		}
	}
	for _, code := range []int{-1, 0, 999, 1001, 1005, 1006, 3000, 4000, 4001, 4099, 5000} {
		if protocol.BackendMayClose(code) {
			t.Errorf("%d is allowed", code)
		}
	}
	for _, code := range []int64{-1, 1 << 32, 1<<32 + 1000, 4099} {
		_, err := protocol.ParseCloseCode("code", code)
		wantProblem(t, err, 400, protocol.CodeBadField, "code")
	}
}

func TestRefusalsHaveTheirCloseCode(t *testing.T) {
	for status, want := range map[int]int{400: 4043, 401: 4041, 403: 4043, 404: 4043, 418: 4043, 429: 4053, 500: 4053, 503: 4053} {
		r := &protocol.Refusal{Status: status}
		if got := r.CloseCode(); got != want {
			t.Errorf("status %d closes with %d, want %d", status, got, want)
		}
	}
}

func TestCheckReasonFitsAControlFrame(t *testing.T) {
	fits := make([]byte, 123)
	for i := range fits {
		fits[i] = 'x'
	}
	if err := protocol.CheckReason("reason", string(fits)); err != nil {
		t.Error(err)
	}
	for _, reason := range []string{string(fits) + "x", "\xff"} {
		wantProblem(t, protocol.CheckReason("reason", reason), 400, protocol.CodeBadField, "reason")
	}
}

func TestTextMessageIsUTF8(t *testing.T) {
	if m, err := protocol.TextMessage("body", []byte("é\x00")); err != nil || m.Binary || string(m.Payload) != "é\x00" {
		t.Errorf("got %+v, %v", m, err)
	}
	_, err := protocol.TextMessage("body", []byte("\xc3"))
	wantProblem(t, err, 400, protocol.CodeBadField, "body")
}

func TestTargetEmpty(t *testing.T) {
	if !(protocol.Target{Clients: []string{}}).Empty() {
		t.Error("a target of no names is somebody")
	}
	for _, target := range []protocol.Target{{All: true}, {Clients: []string{"a"}}, {UIDs: []string{"a"}}, {Groups: []string{"a"}}} {
		if target.Empty() {
			t.Errorf("%+v is nobody", target)
		}
	}
}
