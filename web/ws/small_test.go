package ws

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"gatepost/protocol"
)

func TestTraceID(t *testing.T) {
	const trace, parent = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
	for _, tt := range []struct{ header, want string }{
		{"00-" + trace + "-" + parent + "-01", trace},
		{"cc-" + trace + "-" + parent + "-01-more", trace},
		{"cc-" + trace + "-" + parent + "-01", trace},
		{"", ""},
		{"00-" + trace + "-" + parent + "-01-more", ""},
		{"cc-" + trace + "-" + parent + "-01more", ""},
		{"ff-" + trace + "-" + parent + "-01", ""},
		{"00-" + strings.ToUpper(trace) + "-" + parent + "-01", ""},
		{"00-" + strings.Repeat("0", 32) + "-" + parent + "-01", ""},
		{"00-" + trace + "-" + strings.Repeat("0", 16) + "-01", ""},
		{"00_" + trace + "-" + parent + "-01", ""},
		{"00-" + trace + "-" + parent + "-0g", ""},
		{"00-" + trace + "-" + parent, ""},
	} {
		if got := traceID(tt.header); got != tt.want {
			t.Errorf("traceID(%q) = %q, want %q", tt.header, got, tt.want)
		}
	}
}

func TestSeats(t *testing.T) {
	s := newSeats(3, 2)
	a, b := netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("192.0.2.2")
	first, full := s.take(a)
	if full != "" {
		t.Fatalf("the first is refused: %s", full)
	}
	if _, full := s.take(netip.MustParseAddr("::ffff:192.0.2.1")); full != "" {
		t.Fatalf("the second is refused: %s", full)
	}
	if _, full := s.take(a); full == "" {
		t.Error("a third of one address is let in")
	}
	if _, full := s.take(b); full != "" {
		t.Fatalf("another address is refused: %s", full)
	}
	if _, full := s.take(netip.Addr{}); full == "" {
		t.Error("a fourth of all is let in")
	}
	first.release()
	first.release()
	if s.taken != 2 || s.perIP[subscriber(a)] != 1 {
		t.Errorf("after a release, done twice: %d taken, %v, want 2 and 1 of a", s.taken, s.perIP)
	}
}

func TestSubscriberIsASlash64(t *testing.T) {
	one, other := netip.MustParseAddr("2001:db8::1%eth0"), netip.MustParseAddr("2001:db8::ffff:2")
	if subscriber(one) != subscriber(other) {
		t.Errorf("%v and %v count apart", one, other)
	}
	if far := netip.MustParseAddr("2001:db8:0:1::1"); subscriber(one) == subscriber(far) {
		t.Errorf("%v and %v count together", one, far)
	}
}

func TestPace(t *testing.T) {
	p := newPace(10)
	now := time.Unix(1_000_000, 0)
	for i := range 20 {
		if wait, _ := p.next(now, throttledFor); wait != 0 {
			t.Fatalf("message %d of the burst waits %v", i, wait)
		}
	}
	if wait, patient := p.next(now, throttledFor); wait != 100*time.Millisecond || !patient {
		t.Fatalf("the first above the burst: %v, %v, want 100ms and patience", wait, patient)
	}
	// Without a break: each message comes as soon as it may, and waits.
	begun := now
	for patient := true; patient; {
		var wait time.Duration
		if wait, patient = p.next(now, throttledFor); wait == 0 {
			t.Fatal("a flood isn't throttled")
		}
		now = now.Add(100 * time.Millisecond)
		if now.Sub(begun) > throttledFor+time.Second {
			t.Fatalf("patience doesn't end after %v", throttledFor)
		}
	}
	// A break is forgiven.
	now = now.Add(time.Minute)
	if wait, patient := p.next(now, throttledFor); wait != 0 || !patient {
		t.Errorf("after a break: %v, %v, want neither wait nor impatience", wait, patient)
	}
}

func TestPatienceAtLowRates(t *testing.T) {
	for _, tt := range []struct {
		rate float64
		want time.Duration
	}{{0, throttledFor}, {100, throttledFor}, {0.5, throttledFor}, {0.1, 40 * time.Second}} {
		if got := patienceAt(tt.rate); got != tt.want {
			t.Errorf("patienceAt(%v) = %v, want %v", tt.rate, got, tt.want)
		}
	}
}

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
