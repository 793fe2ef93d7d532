package web

import (
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"strings"
)

// flyPrivate is Fly's private network: peers in it reach this port without Fly's
// proxy, so that what they say of themselves proves nothing.
var flyPrivate = netip.MustParsePrefix("fdaa::/16")

// Proxies are those whose word about a client's address is believed. The zero
// value believes nobody.
type Proxies struct {
	networks []netip.Prefix
	fly      bool
}

// ParseProxies reads a list of CIDRs, single addresses, and the word "fly". Its
// error names every entry that is none of them.
func ParseProxies(list []string) (*Proxies, error) {
	p := &Proxies{}
	var errs []error
	for _, entry := range list {
		if entry == "fly" {
			p.fly = true
			continue
		}
		network, err := parseNetwork(entry)
		if err != nil {
			errs = append(errs, fmt.Errorf("%q is neither a CIDR such as 10.0.0.0/8 nor fly", entry))
			continue
		}
		p.networks = append(p.networks, network)
	}
	return p, errors.Join(errs...)
}

func parseNetwork(s string) (netip.Prefix, error) {
	if addr, err := netip.ParseAddr(s); err == nil && addr.Zone() == "" {
		addr = addr.Unmap()
		return netip.PrefixFrom(addr, addr.BitLen()), nil
	}
	prefix, err := netip.ParsePrefix(s)
	if err != nil {
		return netip.Prefix{}, err
	}
	if prefix.Addr().Is4In6() && prefix.Bits() >= 96 {
		prefix = netip.PrefixFrom(prefix.Addr().Unmap(), prefix.Bits()-96)
	}
	return prefix.Masked(), nil
}

func (p *Proxies) trusted(addr netip.Addr) bool {
	for _, network := range p.networks {
		if network.Contains(addr) {
			return true
		}
	}
	return false
}

// ClientIP is the address of who asks. X-Forwarded-For is read from its right end
// for as long as the address so far is a trusted proxy: what stands further left
// was written by somebody else, and may be anything.
//
// It is empty where the peer has no IP address.
func (p *Proxies) ClientIP(r *http.Request) string {
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return ""
	}
	addr := plain(peer.Addr())
	if p.fly && !flyPrivate.Contains(addr) {
		if values := r.Header.Values("Fly-Client-IP"); len(values) == 1 {
			if told, err := netip.ParseAddr(strings.TrimSpace(values[0])); err == nil {
				addr = plain(told)
			}
		}
	}
	hops := strings.Join(r.Header.Values("X-Forwarded-For"), ",")
	for hops != "" && p.trusted(addr) {
		var hop string
		if comma := strings.LastIndexByte(hops, ','); comma >= 0 {
			hops, hop = hops[:comma], hops[comma+1:]
		} else {
			hops, hop = "", hops
		}
		told, ok := parseHop(strings.TrimSpace(hop))
		if !ok {
			break
		}
		addr = told
	}
	return addr.String()
}

// believed says whether the peer at this address speaks for others: its connections
// aren't its own.
func (p *Proxies) believed(addr netip.Addr) bool {
	return p.trusted(addr) || p.fly && !flyPrivate.Contains(addr)
}

// parseHop reads one entry of X-Forwarded-For; some proxies write the port too.
func parseHop(hop string) (netip.Addr, bool) {
	if addr, err := netip.ParseAddr(strings.Trim(hop, "[]")); err == nil {
		return plain(addr), true
	}
	withPort, err := netip.ParseAddrPort(hop)
	return plain(withPort.Addr()), err == nil
}

// plain is the one spelling of an address: no IPv4 in IPv6's clothes, no zone.
func plain(addr netip.Addr) netip.Addr { return addr.Unmap().WithZone("") }
