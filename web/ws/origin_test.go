package ws

import (
	"net/http"
	"testing"
)

func TestOriginPolicy(t *testing.T) {
	listed := []string{"https://example.com", "http://localhost:3000", "app://shell"}
	for _, tt := range []struct {
		allowed []string
		host    string
		origin  []string
		want    bool
	}{
		{nil, "example.com", nil, true},
		{nil, "example.com", []string{"https://example.com"}, true},
		{nil, "example.com", []string{"http://example.com"}, true},
		{nil, "EXAMPLE.com", []string{"https://Example.COM"}, true},
		{nil, "example.com", []string{"https://example.com:443"}, true},
		{nil, "example.com:443", []string{"https://example.com"}, true},
		{nil, "example.com:80", []string{"http://example.com"}, true},
		{nil, "example.com:80", []string{"https://example.com"}, false},
		{nil, "example.com", []string{"https://example.com:80"}, false},
		{nil, "example.com:8080", []string{"http://example.com:8080"}, true},
		{nil, "example.com:8080", []string{"http://example.com"}, false},
		{nil, "[::1]:8080", []string{"http://[::1]:8080"}, true},
		{nil, "example.com", []string{"https://example.com.evil.net"}, false},
		{nil, "example.com", []string{"https://evil.net/example.com"}, false},
		{nil, "example.com", []string{"https://example.com@evil.net"}, false},
		{nil, "example.com", []string{"https://evil.net#example.com"}, false},
		{nil, "example.com", []string{"https://example.com/"}, false},
		{nil, "example.com", []string{"ftp://example.com"}, false},
		{nil, "example.com", []string{"example.com"}, false},
		{nil, "example.com", []string{"null"}, false},
		{nil, "null", []string{"null"}, false},
		{nil, "example.com", []string{""}, false},
		{nil, "example.com", []string{"https://example.com", "https://evil.net"}, false},
		{nil, "", []string{"https://"}, false},
		{nil, "a b", []string{"https://a b"}, false},
		{listed, "gateway", nil, true},
		{listed, "gateway", []string{"https://EXAMPLE.com"}, true},
		{listed, "gateway", []string{"https://example.com:443"}, true},
		{listed, "gateway", []string{"http://example.com"}, false},
		{listed, "gateway", []string{"https://example.com:8443"}, false},
		{listed, "gateway", []string{"https://sub.example.com"}, false},
		{listed, "gateway", []string{"http://localhost:3000"}, true},
		{listed, "gateway", []string{"http://localhost"}, false},
		{listed, "gateway", []string{"app://shell"}, true},
		{listed, "gateway", []string{"null"}, false},
		{listed, "gateway", []string{"http://gateway"}, false}, // a list replaces the request's own host
		{[]string{"null"}, "gateway", []string{"null"}, true},
		{[]string{"null"}, "gateway", []string{"http://gateway"}, false},
		{[]string{"*"}, "gateway", []string{"https://evil.net"}, true},
		{[]string{"*"}, "gateway", []string{"null"}, true},
	} {
		r := &http.Request{Host: tt.host, Header: http.Header{}}
		if tt.origin != nil {
			r.Header["Origin"] = tt.origin
		}
		if got := newOriginPolicy(tt.allowed).allows(r); got != tt.want {
			t.Errorf("Origins %q, Host %q: Origin %q allowed is %v, want %v", tt.allowed, tt.host, tt.origin, got, tt.want)
		}
	}
}

func TestCheckOrigin(t *testing.T) {
	for _, good := range []string{"*", "null", "https://example.com", "http://localhost:3000", "capacitor://localhost"} {
		if err := CheckOrigin(good); err != nil {
			t.Errorf("CheckOrigin(%q) = %v, want none", good, err)
		}
	}
	for _, bad := range []string{"", "example.com", "https://example.com/", "https://example.com/app", "https://*", "https://*.example.com", "https://u:p@example.com", "https://a?b", "https://a:x"} {
		if CheckOrigin(bad) == nil {
			t.Errorf("CheckOrigin(%q) accepts it", bad)
		}
	}
}

// An Origin is a stranger's: judging one never panics, and none but the listed is
// let in.
func FuzzOrigin(f *testing.F) {
	f.Add("https://example.com", "example.com")
	f.Add("https://[::1]:443", "[::1]")
	f.Add("null", "null")
	f.Fuzz(func(t *testing.T, sent, host string) {
		r := &http.Request{Host: host, Header: http.Header{"Origin": {sent}}}
		if newOriginPolicy([]string{"https://only.example"}).allows(r) {
			if o, _ := parseOrigin(sent); o != (origin{"https", "only.example", "443"}) {
				t.Fatalf("Origin %q was let in", sent)
			}
		}
		newOriginPolicy(nil).allows(r)
	})
}
