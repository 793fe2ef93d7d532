package ws

import (
	"net/http"
	"net/url"
	"strings"
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
		{nil, "", nil, true},
		{nil, "", []string{"https://"}, false},
		{nil, "", []string{"http://localhost"}, false},
		{nil, "", []string{"http://:80"}, false},
		{nil, "", []string{"file://"}, false},
		{nil, ":8080", []string{"http://:8080"}, false},
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
		policy := newOriginPolicy(tt.allowed)
		if got := policy.allows(r); got != tt.want {
			t.Errorf("Origins %q, Host %q: Origin %q allowed is %v, want %v", tt.allowed, tt.host, tt.origin, got, tt.want)
		}
	}
}

// What stands for several hosts or ports stands for no others, and an app's scheme is
// one like any other.
func TestOriginPatterns(t *testing.T) {
	for _, tt := range []struct {
		entry    string
		yes, not []string
	}{
		{"https://*.example.com",
			[]string{"https://a.example.com", "https://a.b.example.com", "https://A.Example.COM:443", "https://xn--bcher-kva.example.com"},
			[]string{"https://example.com", "https://evilexample.com", "https://.example.com", "https://a.example.com.evil.com", "https://a.example.com:8443",
				"http://a.example.com", "https://a.example.com.", "https://evil.com/a.example.com", "https://evil.com#.example.com", "https://u@a.example.com",
				"https://a.example.com:443:443", "https://evil.com:.example.com", "https://a\x00.example.com", "https://*.example.com", "app://a.example.com", "null"}},
		{"http://localhost:*",
			[]string{"http://localhost", "http://localhost:80", "http://LOCALHOST:5173", "http://localhost:65535"},
			[]string{"https://localhost:5173", "http://localhost:", "http://localhost:0", "http://localhost:65536", "http://localhost:x", "http://a.localhost:1", "http://localhost.evil.com:80", "http://localhost:1@evil.com"}},
		{"https://*.example.com:*", []string{"https://a.example.com", "https://a.b.example.com:8443"}, []string{"https://example.com:8443", "https://evilexample.com:1"}},
		{"HTTP://*.Localhost:3000", []string{"http://app.localhost:3000"}, []string{"http://app.localhost", "http://localhost:3000"}},
		{"http://[::1]:*", []string{"http://[::1]", "http://[0:0:0:0:0:0:0:1]:8080"}, []string{"http://[::2]", "http://[::1%25lo]", "http://::1"}},
		{"http://127.0.0.1:*", []string{"http://127.0.0.1:5173"}, []string{"http://127.0.0.11", "http://127.0.0.1.evil.com:80", "http://127.1"}},
		{"https://bücher.example", []string{"https://xn--bcher-kva.example", "https://XN--BCHER-KVA.example"}, []string{"https://bucher.example"}},
		{"https://*.Ümlaut.example:8443", []string{"https://a.xn--mlaut-jva.example:8443"}, []string{"https://xn--mlaut-jva.example:8443"}},
		{"file://", []string{"file://", "FILE://"}, []string{"file:///", "file://host", "file:", "null", "", "http://"}},
		{"weapp://wechat-game-runtime", []string{"weapp://wechat-game-runtime"}, []string{"weapp://", "weapp://wechat-game-runtime.evil", "https://wechat-game-runtime"}},
		{"capacitor://localhost", []string{"capacitor://localhost"}, []string{"capacitor://localhost:1", "ionic://localhost", "http://localhost"}},
		{"capacitor://localhost:*", []string{"capacitor://localhost", "capacitor://localhost:1"}, []string{"capacitor://localhost2"}},
		{"chrome-extension://abcdefghijklmnop", []string{"chrome-extension://abcdefghijklmnop"}, []string{"chrome-extension://abcdefghijklmno"}},
		{"moz-extension://550e8400-e29b-41d4-a716-446655440000", []string{"moz-extension://550e8400-e29b-41d4-a716-446655440000"}, nil},
		{"vscode-webview://*.example", []string{"vscode-webview://a.example"}, []string{"vscode-webview://example"}},
		{"wss://example.com", []string{"wss://example.com", "wss://example.com:443"}, []string{"https://example.com", "ws://example.com"}},
	} {
		if err := CheckOrigin(tt.entry); err != nil {
			t.Errorf("%v", err)
		}
		policy := newOriginPolicy([]string{"https://other.example", tt.entry})
		for want, origins := range map[bool][]string{true: tt.yes, false: tt.not} {
			for _, sent := range origins {
				r := &http.Request{Host: "gateway", Header: http.Header{"Origin": {sent}}}
				if got := policy.allows(r); got != want {
					t.Errorf("%s: Origin %q allowed is %v, want %v", tt.entry, sent, got, want)
				}
			}
		}
	}
}

func TestCheckOrigin(t *testing.T) {
	for _, good := range []string{"*", "null", "https://example.com", "http://localhost:3000", "HTTPS://Example.com:443", "http://a_b.example", "http://192.0.2.1", "https://example.com."} {
		if err := CheckOrigin(good); err != nil {
			t.Errorf("CheckOrigin(%q) = %v, want none", good, err)
		}
	}
	for bad, says := range map[string]string{
		"": "scheme", "example.com": "scheme", "example.com:8080": "scheme", "*.example.com": "scheme", "//example.com": "scheme", "https:example.com": "scheme", "ht tp://a": "scheme",
		"https://example.com/": "path", "https://example.com/app": "path", "https://a?b": "path", "https://a#b": "path", `https://a\b`: "path", "file:///": "path", "capacitor://localhost/": "path",
		"https://bücher.example/": "path", "https://u:p@example.com": "user", "https://u@example.com": "user",
		"https://a b": "space", "https://a https://b": "commas", "https://a ": "space", "https://a\t": "character", "https://a,b": "character", "https://a%41": "character", "https://": "host", "https://a..b": "host", "https://.a": "host",
		"https://a:x": "port", "https://a:": "port", "https://a:0": "port", "https://a:65536": "port", "https://a:-1": "port", "https://a:80:81": "character", "https://:80": "host", "file://:80": "host",
		"https://*": "star", "https://*.": "host", "https://*example.com": "star", "https://a.*.com": "star", "https://*.*.com": "star", "https://a.*": "star", "https://a*:80": "star", "*://a": "star",
		"http*://a": "star", "https://a:8*": "star", "https://a:*:*": "star", "https://*:*": "star", "file://:*": "host", "file://*.": "host", "https://a:80:*": "ports", "https://:*": "host", "*,": "scheme",
		"https://*.192.0.2.1": "address", "https://*.[::1]": "address", "http://127.1": "IPv4", "http://2130706433": "IPv4", "http://0x7f.1": "IPv4", "http://a.0x": "IPv4", "http://1.2.3.999": "IPv4", "http://1.2.3.4.5": "IPv4",
		"http://[::1": "IPv6", "http://[::1%25lo]": "IPv6", "http://[127.0.0.1]": "IPv6", "http://::1": "host", "https://ex\u00adample\u2260.com": "international", "https://\u202e.com": "international",
		"Null": "scheme", "**": "scheme",
	} {
		if err := CheckOrigin(bad); err == nil || !strings.Contains(err.Error(), says) || !strings.Contains(err.Error(), "is expected") {
			t.Errorf("CheckOrigin(%q) = %v, want an error that says %q, and what is expected", bad, err, says)
		}
	}
}

func TestSharedSuffix(t *testing.T) {
	for entry, want := range map[string]string{
		"https://*.vercel.app": "vercel.app", "https://*.github.io:*": "github.io", "https://*.co.uk": "co.uk", "https://*.com": "com", "https://*.s3.amazonaws.com": "s3.amazonaws.com",
		"https://*.compute.amazonaws.com": "compute.amazonaws.com", "https://*.kobe.jp": "kobe.jp", "https://*.a.kobe.jp": "a.kobe.jp", "https://*.city.kobe.jp": "", "https://*.ck": "ck",
		"https://*.example.co.uk": "", "https://*.me.github.io": "", "https://vercel.app": "", "http://*.localhost": "", "https://*.internal": "", "*": "", "null": "", "file://": "", "nonsense": "",
	} {
		if got := SharedSuffix(entry); got != want {
			t.Errorf("SharedSuffix(%q) = %q, want %q", entry, got, want)
		}
	}
}

// A page of the gateway's own host may connect; so may a client that sends as its
// Origin the URL that it connects to. No host is nobody's.
func TestOwnHostByAnotherScheme(t *testing.T) {
	policy := newOriginPolicy(nil)
	for _, tt := range []struct {
		origin, host string
		want         bool
	}{
		{"wss://example.com", "example.com", true}, {"ws://example.com:80", "example.com", true}, {"wss://example.com", "example.com:80", false},
		{"file://", "", false}, {"http://", "", false}, {"app://example.com", "example.com", false}, {"https://[2001:DB8::1]", "[2001:db8:0::1]", true},
	} {
		r := &http.Request{Host: tt.host, Header: http.Header{"Origin": {tt.origin}}}
		if got := policy.allows(r); got != tt.want {
			t.Errorf("Host %q: Origin %q allowed is %v, want %v", tt.host, tt.origin, got, tt.want)
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
		exact := newOriginPolicy([]string{"https://only.example"})
		if exact.allows(r) {
			if o, _ := parseOrigin(sent); o != (origin{"https", "only.example", "443"}) {
				t.Fatalf("Origin %q was let in", sent)
			}
		}
		below := newOriginPolicy([]string{"https://*.only.example"})
		if below.allows(r) {
			u, err := url.Parse(sent)
			if err != nil || u.Scheme != "https" || !strings.HasSuffix(strings.ToLower(u.Hostname()), ".only.example") || u.Port() != "" && u.Port() != "443" || u.Path != "" {
				t.Fatalf("Origin %q was let in", sent)
			}
		}
		own := newOriginPolicy(nil)
		own.allows(r)
	})
}

// An entry is taken or refused, and one that is taken without stars allows itself.
func FuzzOriginPattern(f *testing.F) {
	for _, seed := range []string{"https://*.example.com:*", "file://", "http://[::1]:*", "https://bücher.example", "https://a.*.com", "http://127.0.0.1:8080", "a://b:1"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, entry string) {
		if CheckOrigin(entry) != nil || entry == anyOrigin || entry == opaqueOrigin {
			return
		}
		p, err := parseOriginPattern(entry)
		if err != nil {
			t.Fatalf("%q is taken, and then %v", entry, err)
		}
		SharedSuffix(entry)
		sent := p.scheme + "://" + p.host
		if p.below {
			sent = p.scheme + "://a." + p.host
		}
		if p.port != "" {
			sent += ":" + p.port
		}
		policy := newOriginPolicy([]string{entry})
		if r := (&http.Request{Header: http.Header{"Origin": {sent}}}); !policy.allows(r) {
			t.Fatalf("%q doesn't allow %q", entry, sent)
		}
	})
}
