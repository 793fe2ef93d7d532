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
	if all, same := s.count(protocol.Subscriber(a)); all != 0 || same != 0 {
		t.Errorf("%d and %d are open before any is upgraded", all, same)
	}
	first.opened()
	if all, same := s.count(protocol.Subscriber(a)); all != 1 || same != 1 {
		t.Errorf("%d and %d are open, want one", all, same)
	}
	if all, same := s.count(protocol.Subscriber(b)); all != 1 || same != 0 {
		t.Errorf("%d and %d are open, want one of another address", all, same)
	}
	first.release()
	first.release()
	if s.open != 0 || len(s.openPerIP) != 0 {
		t.Errorf("after a release %d are open, %v", s.open, s.openPerIP)
	}
	if s.taken != 2 || s.perIP[protocol.Subscriber(a)] != 1 {
		t.Errorf("after a release, done twice: %d taken, %v, want 2 and 1 of a", s.taken, s.perIP)
	}
}
