package protocol

import (
	"net/netip"
	"testing"
)

func TestSubscriber(t *testing.T) {
	for _, tt := range []struct{ addr, want string }{
		{"192.0.2.1", "192.0.2.1/32"},
		{"::ffff:192.0.2.1", "192.0.2.1/32"},
		{"2001:db8::1", "2001:db8::/64"},
		{"2001:db8::ffff:2", "2001:db8::/64"},
		{"2001:db8:0:1::1", "2001:db8:0:1::/64"},
		{"fe80::1%eth0", "fe80::/64"},
	} {
		if got := Subscriber(netip.MustParseAddr(tt.addr)).String(); got != tt.want {
			t.Errorf("Subscriber(%s) = %s, want %s", tt.addr, got, tt.want)
		}
	}
	if got := Subscriber(netip.Addr{}); got != (netip.Prefix{}) {
		t.Errorf("no address is %v, want none", got)
	}
}
