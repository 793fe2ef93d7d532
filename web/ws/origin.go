package ws

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

// anyOrigin in Config.Origins allows every Origin, "null" too.
const anyOrigin = "*"

// opaqueOrigin is what browsers send for sandboxed frames and local files.
const opaqueOrigin = "null"

// origin is an RFC 6454 origin: scheme and host in lower case, the port written
// out where the scheme has a default.
type origin struct{ scheme, host, port string }

// originPolicy says which Origins may connect. The zero value allows the
// request's own host.
type originPolicy struct {
	any, opaque bool
	listed      map[origin]bool // nil: the request's own host
}

// CheckOrigin says what is wrong with one entry of Config.Origins.
func CheckOrigin(entry string) error {
	if entry == anyOrigin || entry == opaqueOrigin {
		return nil
	}
	if o, ok := parseOrigin(entry); !ok || strings.Contains(o.host, "*") {
		return fmt.Errorf("%q is no origin; scheme://host or scheme://host:port, * alone, or null is expected", entry)
	}
	return nil
}

func newOriginPolicy(entries []string) originPolicy {
	var p originPolicy
	if len(entries) > 0 {
		p.listed = make(map[origin]bool)
	}
	for _, entry := range entries {
		if o, ok := parseOrigin(entry); ok {
			p.listed[o] = true
		}
		p.any = p.any || entry == anyOrigin
		p.opaque = p.opaque || entry == opaqueOrigin
	}
	return p
}

// allows judges a handshake. One without Origin comes from no page and is
// allowed.
func (p originPolicy) allows(r *http.Request) bool {
	sent := r.Header.Values("Origin")
	if len(sent) == 0 || p.any {
		return true
	}
	if len(sent) > 1 {
		return false
	}
	if sent[0] == opaqueOrigin {
		return p.opaque
	}
	o, ok := parseOrigin(sent[0])
	if !ok {
		return false
	}
	if p.listed != nil {
		return p.listed[o]
	}
	return o.isHost(r.Host)
}

// isHost compares with a Host header. Where that has no port it is the default
// of the Origin's own scheme: behind a proxy that ends TLS, only the browser
// knows the scheme.
func (o origin) isHost(host string) bool {
	if o.scheme != "http" && o.scheme != "https" {
		return false
	}
	own, ok := parseOrigin(o.scheme + "://" + host)
	return ok && own == o
}

func parseOrigin(s string) (origin, bool) {
	u, err := url.Parse(s)
	if err != nil || u.Scheme == "" || u.Hostname() == "" || u.User != nil ||
		u.Path != "" || strings.ContainsAny(s, "?#") {
		return origin{}, false
	}
	o := origin{scheme: strings.ToLower(u.Scheme), host: strings.ToLower(u.Hostname()), port: u.Port()}
	if o.port == "" {
		o.port = defaultPorts[o.scheme]
	}
	return o, true
}

var defaultPorts = map[string]string{"http": "80", "https": "443"}
