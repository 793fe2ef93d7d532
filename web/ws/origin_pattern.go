package ws

import (
	"errors"
	"fmt"
	"strings"

	"golang.org/x/net/idna"
	"golang.org/x/net/publicsuffix"
)

// anyOrigin in Config.Origins allows every Origin, "null" too.
const anyOrigin = "*"

// opaqueOrigin is what browsers send for sandboxed frames and local files.
const opaqueOrigin = "null"

// originPattern is an entry of Config.Origins: an origin, or the origins of all
// hosts below one, on one port or on any.
type originPattern struct {
	origin
	below   bool // hosts that end in "." and host, at any depth, not host itself
	anyPort bool
}

func (p originPattern) matches(o origin) bool {
	if p.scheme != o.scheme || p.port != o.port && !p.anyPort {
		return false
	}
	if !p.below {
		return p.host == o.host
	}
	above, ok := strings.CutSuffix(o.host, p.host)
	return ok && len(above) > 1 && above[len(above)-1] == '.'
}

// CheckOrigin says what is wrong with one entry of Config.Origins: also what no
// browser can ever send, which would only look as if it allowed something.
func CheckOrigin(entry string) error {
	if entry == anyOrigin || entry == opaqueOrigin {
		return nil
	}
	if _, err := parseOriginPattern(entry); err != nil {
		return fmt.Errorf("%q is no origin: it %w; scheme://host, scheme://host:port, *. before the host, * as the port, * alone, or null is expected", entry, err)
	}
	return nil
}

func parseOriginPattern(entry string) (p originPattern, err error) {
	scheme, authority, hasScheme := strings.Cut(entry, "://")
	if !hasScheme {
		return p, errors.New("has no scheme")
	}
	authority, p.anyPort = strings.CutSuffix(authority, ":*")
	authority, p.below = strings.CutPrefix(authority, "*.")
	if strings.Contains(scheme+authority, "*") {
		return p, errors.New("has a star that is neither *. before the host nor the port")
	}
	if authority, err = inASCII(authority); err != nil {
		return p, err
	}
	if p.origin, err = parseOrigin(scheme + "://" + authority); err != nil {
		return p, err
	}
	_, port, _ := splitPort(authority)
	switch {
	case p.anyPort && port != "":
		return p, errors.New("has two ports")
	case (p.anyPort || p.below) && p.host == "":
		return p, errors.New("has no host")
	case p.below && (p.host[0] == '[' || isIPv4(p.host)):
		return p, errors.New("has a star before an address, which has no names below it")
	}
	return p, nil
}

// inASCII spells an international name as browsers send it.
func inASCII(authority string) (string, error) {
	name, rest := authority, ""
	if i := strings.IndexAny(authority, `/\?#@:`); i >= 0 {
		name, rest = authority[:i], authority[i:]
	}
	if strings.IndexFunc(name, func(r rune) bool { return r > 0x7f }) < 0 {
		return authority, nil
	}
	ascii, err := idna.Lookup.ToASCII(name)
	if err != nil {
		return "", errors.New("has a host that is no international name")
	}
	return ascii + rest, nil
}

// SharedSuffix is the public suffix, such as vercel.app or co.uk, below which the entry
// of Config.Origins allows every host: anybody can have one. Empty: it allows no such.
func SharedSuffix(entry string) string {
	p, err := parseOriginPattern(entry)
	if err != nil || !p.below {
		return ""
	}
	host := strings.TrimSuffix(p.host, ".")
	below := "a." + host
	suffix, icann := publicsuffix.PublicSuffix(below)
	if suffix != host && suffix != below || !icann && !strings.Contains(suffix, ".") { // an unknown top-level name is a network's own, such as internal
		return ""
	}
	return host
}
