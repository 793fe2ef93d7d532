package ws

import (
	"strings"
	"testing"

	"gatepost/protocol"
)

func TestTruncateKeepsCharactersWhole(t *testing.T) {
	if got := truncate("aéé", 4); got != "aé" {
		t.Errorf("got %q, want %q", got, "aé")
	}
	if got := truncate("a\xffb", 9); got != "a\uFFFDb" {
		t.Errorf("got %q, want the bad byte replaced", got)
	}
	if got := truncate(strings.Repeat("x", 2000), protocol.MaxRefusalBytes); len(got) != protocol.MaxRefusalBytes {
		t.Errorf("got %d bytes, want %d", len(got), protocol.MaxRefusalBytes)
	}
}

func TestRemoteOf(t *testing.T) {
	for _, tt := range []struct {
		realIP, peer, text string
		port               int
	}{
		{"192.0.2.1", "10.0.0.1:50123", "192.0.2.1", 50123},
		{"::ffff:192.0.2.1", "[::1]:1", "192.0.2.1", 1},
		{"2001:DB8::1", "@", "2001:db8::1", 0},
		{"", "", "", 0},
	} {
		if got := remoteOf(tt.realIP, tt.peer); got.text != tt.text || got.port != tt.port {
			t.Errorf("remoteOf(%q, %q) = %q, %d, want %q, %d", tt.realIP, tt.peer, got.text, got.port, tt.text, tt.port)
		}
	}
}
