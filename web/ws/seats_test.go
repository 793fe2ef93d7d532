package ws

import (
	"net/netip"
	"testing"

	"gatepost/protocol"
)

func TestSeats(t *testing.T) {
	s := newSeats(3, 2)
	a, b := netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("192.0.2.2")
	first, full := s.take(a)
	if full != nil {
		t.Fatalf("the first is refused: %s", full.Text)
	}
	if _, full := s.take(netip.MustParseAddr("::ffff:192.0.2.1")); full != nil {
		t.Fatalf("the second is refused: %s", full.Text)
	}
	if _, full := s.take(a); full == nil {
		t.Error("a third of one address is let in")
	}
	if _, full := s.take(b); full != nil {
		t.Fatalf("another address is refused: %s", full.Text)
	}
	if _, full := s.take(netip.Addr{}); full == nil {
		t.Error("a fourth of all is let in")
	}
	first.release()
	first.release()
	if s.taken != 2 || s.perIP[protocol.Subscriber(a)] != 1 {
		t.Errorf("after a release, done twice: %d taken, %v, want 2 and 1 of a", s.taken, s.perIP)
	}
}
