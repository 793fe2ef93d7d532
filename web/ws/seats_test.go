package ws

import (
	"net/netip"
	"testing"
)

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
