package ws

import (
	"errors"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
)

// origin is an RFC 6454 origin: scheme and host in lower case, the port written
// out where the scheme has a default. Only schemes without a default may have no
// host: file:// is what apps send whose pages are files.
type origin struct{ scheme, host, port string }

// defaultPorts are those of the schemes whose origins have a host of the
// network. No page's origin is ws or wss, but some clients outside of browsers
// send the URL that they connect to.
var defaultPorts = map[string]string{"http": "80", "https": "443", "ws": "80", "wss": "443"}

const (
	letters = "abcdefghijklmnopqrstuvwxyz"
	digits  = "0123456789"
)

// parseOrigin reads scheme://host or scheme://host:port. Its error says what s
// has that no Origin has, as the end of a sentence that begins with s.
func parseOrigin(s string) (origin, error) {
	scheme, authority, _ := strings.Cut(s, "://")
	o := origin{scheme: strings.ToLower(scheme)}
	switch {
	case len(scheme) == len(s) || scheme == "" || !only(o.scheme, letters+digits+"+-."):
		return origin{}, errors.New("has no scheme")
	case strings.Contains(authority, " "):
		return origin{}, errors.New("has a space; commas separate several")
	case strings.ContainsAny(authority, `/\?#`):
		return origin{}, errors.New("has a path or a slash at its end")
	case strings.Contains(authority, "@"):
		return origin{}, errors.New("has a user")
	case strings.IndexFunc(authority, func(r rune) bool { return r <= ' ' || r >= 0x7f }) >= 0:
		return origin{}, errors.New("has a character that can't be in a host")
	}
	host, port, err := splitPort(authority)
	if err != nil {
		return origin{}, err
	}
	o.host, o.port = strings.ToLower(host), port
	fallback, ofNetwork := defaultPorts[o.scheme]
	if ofNetwork {
		if o.host, err = networkHost(o.host); err != nil {
			return origin{}, err
		}
		if port == "" {
			o.port = fallback
		}
	} else if host == "" && port != "" {
		return origin{}, errors.New("has a port without a host")
	}
	return o, nil
}

// splitPort splits host:port; a port is a number from 1, without zeros in front.
func splitPort(authority string) (host, port string, err error) {
	i := strings.LastIndexByte(authority, ':')
	if i < 0 || strings.HasSuffix(authority, "]") { // the colons of an IPv6 address
		return authority, "", nil
	}
	n, err := strconv.ParseUint(authority[i+1:], 10, 16)
	if err != nil || n == 0 {
		return "", "", errors.New("has no port from 1 to 65535 behind its colon")
	}
	return authority[:i], strconv.FormatUint(n, 10), nil
}

// networkHost is the one spelling of a host in lower case: a name, an IPv4
// address, or an IPv6 address in brackets.
func networkHost(host string) (string, error) {
	if inner, ok := strings.CutPrefix(host, "["); ok {
		addr, err := netip.ParseAddr(strings.TrimSuffix(inner, "]"))
		if err != nil || !addr.Is6() || addr.Zone() != "" || !strings.HasSuffix(inner, "]") {
			return "", errors.New("has no IPv6 address in its brackets")
		}
		return "[" + addr.String() + "]", nil
	}
	last := ""
	for last = range strings.SplitSeq(strings.TrimSuffix(host, "."), ".") { // a dot at the end makes another host of it
		if last == "" || !only(last, letters+digits+"-_") {
			return "", errors.New("has no host, or a character that can't be in one")
		}
	}
	// What ends in a number is an IPv4 address, which browsers write out.
	hex, isHex := strings.CutPrefix(last, "0x")
	if (only(last, digits) || isHex && only(hex, digits+"abcdef")) && !isIPv4(host) {
		return "", errors.New("has a number for a host that is no whole IPv4 address")
	}
	return host, nil
}

// only says whether s has no other characters.
func only(s, characters string) bool { return strings.Trim(s, characters) == "" }

func isIPv4(host string) bool {
	addr, err := netip.ParseAddr(host)
	return err == nil && addr.Is4()
}

// isHost compares with a Host header. Where that has no port it is the default
// of the Origin's own scheme: behind a proxy that ends TLS, only the browser
// knows the scheme.
func (o origin) isHost(host string) bool {
	if _, ofNetwork := defaultPorts[o.scheme]; !ofNetwork {
		return false
	}
	own, err := parseOrigin(o.scheme + "://" + strings.TrimSuffix(host, ":"))
	return err == nil && own == o
}

// originPolicy says which Origins may connect.
type originPolicy struct {
	ownHost     bool // and no other
	any, opaque bool
	exact       map[origin]bool
	patterns    []originPattern
}

func newOriginPolicy(entries []string) originPolicy {
	p := originPolicy{ownHost: len(entries) == 0, exact: make(map[origin]bool)}
	for _, entry := range entries {
		p.any = p.any || entry == anyOrigin
		p.opaque = p.opaque || entry == opaqueOrigin
		pattern, err := parseOriginPattern(entry)
		switch {
		case err != nil:
		case pattern.below || pattern.anyPort:
			p.patterns = append(p.patterns, pattern)
		default:
			p.exact[pattern.origin] = true
		}
	}
	return p
}

// allows judges a handshake. One without Origin comes from no page and is
// allowed.
func (p *originPolicy) allows(r *http.Request) bool {
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
	o, err := parseOrigin(sent[0])
	if err != nil {
		return false
	}
	if p.ownHost {
		return o.isHost(r.Host)
	}
	if p.exact[o] {
		return true
	}
	for _, pattern := range p.patterns {
		if pattern.matches(o) {
			return true
		}
	}
	return false
}
