package protocol

import "net/netip"

// Subscriber is what stands for an address where shares and limits are counted: the
// part that one subscriber can't choose freely, an IPv4 address or the /64 of an IPv6
// one. An IPv4 address mapped into IPv6 is that address. The zero Addr gives the zero
// Prefix.
func Subscriber(addr netip.Addr) netip.Prefix {
	addr = addr.Unmap().WithZone("")
	bits := addr.BitLen()
	if addr.Is6() {
		bits = 64
	}
	p, _ := addr.Prefix(bits) // fails on the zero Addr only
	return p
}
