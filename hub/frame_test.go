package hub

import (
	"bytes"
	"strings"
	"testing"
	"unicode/utf8"

	"gatepost/protocol"
	"gatepost/test/frames"
)

// The headers of RFC 6455, section 5.2, at the edges of its three length forms.
func TestFrameHeader(t *testing.T) {
	tests := []struct {
		name    string
		message protocol.Message
		header  []byte
	}{
		{"empty text", protocol.Message{}, []byte{0x81, 0}},
		{"binary", protocol.Message{Binary: true, Payload: []byte{1}}, []byte{0x82, 1}},
		{"longest short", protocol.Message{Payload: make([]byte, 125)}, []byte{0x81, 125}},
		{"shortest medium", protocol.Message{Payload: make([]byte, 126)}, []byte{0x81, 126, 0, 126}},
		{"longest medium", protocol.Message{Payload: make([]byte, 0xFFFF)}, []byte{0x81, 126, 0xFF, 0xFF}},
		{"shortest long", protocol.Message{Payload: make([]byte, 0x10000)}, []byte{0x81, 127, 0, 0, 0, 0, 0, 1, 0, 0}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			want := append(bytes.Clone(tt.header), tt.message.Payload...)
			if got := NewFrame(&tt.message).wire; !bytes.Equal(got, want) {
				t.Errorf("begins %x, %d bytes; want %x, %d bytes", got[:len(tt.header)], len(got), tt.header, len(want))
			}
		})
	}
}

// A frame is shared: who made the message may use its bytes again.
func TestFrameCopiesItsPayload(t *testing.T) {
	payload := []byte("before")
	f := NewFrame(&protocol.Message{Payload: payload})
	copy(payload, "after!")
	if got := string(f.wire[2:]); got != "before" {
		t.Errorf("the frame says %q; want %q", got, "before")
	}
}

func TestCloseFrame(t *testing.T) {
	long := strings.Repeat("ü", 100) // 200 bytes
	tests := []struct {
		cause Cause
		want  string // nil frame: empty
	}{
		{Cause{Code: 1000}, "close 1000 "},
		{Cause{Code: 4100, Reason: "moved on"}, "close 4100 moved on"},
		{Cause{Code: 4100, Reason: long}, "close 4100 " + long[:122]},
		{Cause{Code: 4100, Reason: "a\xffb"}, "close 4100 a\uFFFDb"},
		{Cause{Code: protocol.CloseNoStatus}, ""},
		{Cause{Code: protocol.CloseAbnormal}, ""},
		{Cause{Code: 1015}, ""},
	}
	for _, tt := range tests {
		f := closeFrame(tt.cause)
		if f == nil {
			if tt.want != "" {
				t.Errorf("%d has no close frame; want %q", tt.cause.Code, tt.want)
			}
			continue
		}
		if got := (frames.Frame{Opcode: opClose, Payload: string(f.wire[2:])}).String(); got != tt.want {
			t.Errorf("%d %q is %q; want %q", tt.cause.Code, tt.cause.Reason, got, tt.want)
		}
	}
}

// Whatever the reason, the frame is one that RFC 6455, sections 5.5 and 5.5.1 allow.
func FuzzCloseFrame(f *testing.F) {
	f.Add("bye")
	f.Add(strings.Repeat("€", 60))
	f.Add(strings.Repeat("\xff", 200))
	f.Fuzz(func(t *testing.T, reason string) {
		wire := closeFrame(Cause{Code: 1000, Reason: reason}).wire
		if len(wire) > 127 || int(wire[1]) != len(wire)-2 {
			t.Errorf("frame of %d bytes announces %d; want at most 125, all of them", len(wire), wire[1])
		}
		if !utf8.Valid(wire[4:]) {
			t.Errorf("reason %q is not UTF-8", wire[4:])
		}
	})
}
