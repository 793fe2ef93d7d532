package web

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"gatepost/test/counted"
	"gatepost/test/logs"
	"gatepost/web/http1"
)

// Whose word is believed about others isn't counted as one address.
func TestWhoCountsByAddress(t *testing.T) {
	for _, tt := range []struct {
		proxies []string
		peer    string
		address string
		trusted bool
	}{
		{nil, "192.0.2.1", "192.0.2.1/32", false},
		{nil, "::ffff:192.0.2.1", "192.0.2.1/32", false},
		{nil, "2001:db8::1", "2001:db8::/64", false},
		{nil, "fe80::1%eth0", "fe80::/64", false},
		{[]string{"192.0.2.0/24"}, "192.0.2.1", "192.0.2.1/32", true},
		{[]string{"192.0.2.0/24"}, "::ffff:192.0.2.1", "192.0.2.1/32", true},
		{[]string{"192.0.2.0/24"}, "198.51.100.1", "198.51.100.1/32", false},
		{[]string{"fly"}, "172.16.0.9", "172.16.0.9/32", true},
		{[]string{"fly"}, "fdaa:0:1::3", "fdaa:0:1::/64", false},
	} {
		proxies, err := ParseProxies(tt.proxies)
		if err != nil {
			t.Fatal(err)
		}
		limits := newLimits(Config{}, Deps{Registerer: prometheus.NewRegistry()}, proxies)
		if address, trusted := limits.Address(netip.MustParseAddr(tt.peer)); address.String() != tt.address || trusted != tt.trusted {
			t.Errorf("%s with %v: %s, trusted %v, want %s, %v", tt.peer, tt.proxies, address, trusted, tt.address, tt.trusted)
		}
	}
}

// What was closed is counted one by one, and told of once in a while.
func TestDroppedConnectionsAreTold(t *testing.T) {
	log, reg := &logs.Log{}, prometheus.NewRegistry()
	limits := newLimits(Config{}, Deps{Log: log.Logger(), Registerer: reg}, &Proxies{})
	flooder := netip.MustParsePrefix("192.0.2.1/32")
	for range 3 {
		limits.Dropped(http1.Drop{Address: flooder, Idle: 2})
		limits.Dropped(http1.Drop{Address: flooder, Total: true, Refused: true})
	}
	got := counted.Of(t, reg, "gatepost_http_connections_dropped_total")
	if got["idle,address"] != 6 || got["new,node"] != 3 {
		t.Errorf("counted %v", got)
	}
	if lines := strings.Count(log.String(), "newest_from=192.0.2.1/32"); lines != 2 {
		t.Errorf("%d lines, want one for each limit:\n%s", lines, log)
	}
}
