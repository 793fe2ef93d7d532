package web

import (
	"net/http"
	"testing"
)

func TestClientIP(t *testing.T) {
	type header map[string][]string
	xff := func(lines ...string) header { return header{"X-Forwarded-For": lines} }
	for _, tt := range []struct {
		name    string
		trusted []string
		peer    string
		header  header
		want    string
	}{
		{"nobody is trusted", nil, "203.0.113.9:1", xff("198.51.100.1"), "203.0.113.9"},
		{"nor by other headers", []string{"203.0.113.0/24"}, "203.0.113.9:1", header{"X-Real-Ip": {"198.51.100.1"}, "Forwarded": {"for=198.51.100.1"}, "Fly-Client-Ip": {"198.51.100.1"}}, "203.0.113.9"},
		{"a stranger who claims", []string{"10.0.0.0/8"}, "203.0.113.9:1", xff("198.51.100.1"), "203.0.113.9"},
		{"a trusted proxy", []string{"10.0.0.0/8"}, "10.1.2.3:1", xff("198.51.100.1"), "198.51.100.1"},
		{"what the client wrote before", []string{"10.0.0.0/8"}, "10.1.2.3:1", xff("1.1.1.1, 198.51.100.1"), "198.51.100.1"},
		{"also on a line of its own", []string{"10.0.0.0/8"}, "10.1.2.3:1", xff("1.1.1.1", "198.51.100.1"), "198.51.100.1"},
		{"two proxies", []string{"10.0.0.0/8"}, "10.1.2.3:1", xff("1.1.1.1, 198.51.100.1, 10.9.9.9"), "198.51.100.1"},
		{"only proxies", []string{"10.0.0.0/8"}, "10.1.2.3:1", xff("10.7.7.7, 10.9.9.9"), "10.7.7.7"},
		{"no header", []string{"10.0.0.0/8"}, "10.1.2.3:1", nil, "10.1.2.3"},
		{"garbage ends it", []string{"10.0.0.0/8"}, "10.1.2.3:1", xff("198.51.100.1, unknown, 10.9.9.9"), "10.9.9.9"},
		{"with ports", []string{"10.0.0.0/8"}, "10.1.2.3:1", xff("198.51.100.1:4711, 10.9.9.9:80"), "198.51.100.1"},
		{"IPv6", []string{"fd00::/8"}, "[fd00::1]:1", xff("2001:db8::7"), "2001:db8::7"},
		{"IPv6 in brackets", []string{"fd00::/8"}, "[fd00::1]:1", xff("[2001:db8::7]:99"), "2001:db8::7"},
		{"IPv6 with a zone", nil, "[fe80::1%eth0]:1", nil, "fe80::1"},
		{"IPv4 in IPv6, the peer", []string{"10.0.0.0/8"}, "[::ffff:10.1.2.3]:1", xff("198.51.100.1"), "198.51.100.1"},
		{"IPv4 in IPv6, the client", []string{"10.0.0.0/8"}, "10.1.2.3:1", xff("::ffff:198.51.100.1"), "198.51.100.1"},
		{"IPv4 in IPv6, the setting", []string{"::ffff:10.0.0.0/104"}, "10.1.2.3:1", xff("198.51.100.1"), "198.51.100.1"},
		{"one address", []string{"10.1.2.3"}, "10.1.2.3:1", xff("198.51.100.1, 10.1.2.4"), "10.1.2.4"},
		{"fly", []string{"fly"}, "172.16.0.9:1", header{"Fly-Client-Ip": {"198.51.100.1"}}, "198.51.100.1"},
		{"fly, not its X-Forwarded-For", []string{"fly"}, "172.16.0.9:1", xff("198.51.100.1"), "172.16.0.9"},
		{"fly, from a neighbour", []string{"fly"}, "[fdaa:0:1::3]:1", header{"Fly-Client-Ip": {"198.51.100.1"}}, "fdaa:0:1::3"},
		{"fly, garbage", []string{"fly"}, "172.16.0.9:1", header{"Fly-Client-Ip": {"me"}}, "172.16.0.9"},
		{"fly, twice", []string{"fly"}, "172.16.0.9:1", header{"Fly-Client-Ip": {"198.51.100.1", "198.51.100.2"}}, "172.16.0.9"},
		{"fly behind another proxy", []string{"fly", "192.0.2.0/24"}, "172.16.0.9:1", header{"Fly-Client-Ip": {"192.0.2.1"}, "X-Forwarded-For": {"198.51.100.1, 192.0.2.1"}}, "198.51.100.1"},
		{"no address at all", nil, "@", nil, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p, err := ParseProxies(tt.trusted)
			if err != nil {
				t.Fatal(err)
			}
			if got := p.ClientIP(&http.Request{RemoteAddr: tt.peer, Header: http.Header(tt.header)}); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestProxiesThatCantBe(t *testing.T) {
	for _, entry := range []string{"", "10.0.0.0/33", "10.0.0", "example.com", "Fly", "fe80::1%eth0", "10.0.0.0/8,11.0.0.0/8"} {
		if _, err := ParseProxies([]string{"10.0.0.0/8", entry}); err == nil {
			t.Errorf("%q was taken", entry)
		}
	}
}

func FuzzForwardedFor(f *testing.F) {
	for _, seed := range []string{"", ",", "10.0.0.1", "10.0.0.1, 1.2.3.4", "[::1]:80", "unknown", "::ffff:1.2.3.4%x"} {
		f.Add(seed)
	}
	p, err := ParseProxies([]string{"0.0.0.0/0", "::/0", "fly"})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, line string) {
		got := p.ClientIP(&http.Request{RemoteAddr: "10.0.0.9:1", Header: http.Header{"X-Forwarded-For": {line}, "Fly-Client-Ip": {line}}})
		if _, ok := parseHop(got); !ok {
			t.Fatalf("%q gave %q, which is no address", line, got)
		}
	})
}
