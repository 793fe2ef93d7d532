package webhooks

import "net/netip"

// addr is the address whose share a job takes.
func (j *job) addr() string {
	if j.ev == nil {
		return ""
	}
	return subscriber(j.ev.Data.RemoteAddr)
}

// subscriber is what stands for an address where shares are counted: of IPv6 the
// /64, which is what one subscriber has.
func subscriber(text string) string {
	a, err := netip.ParseAddr(text)
	if err != nil || a.Is4() || a.Is4In6() {
		return text
	}
	network, err := a.WithZone("").Prefix(64)
	if err != nil {
		return text
	}
	return network.String()
}

// uid is the user whose share a job takes, or empty.
func (j *job) uid() string {
	if j.ev == nil || j.ev.Data.UID == nil {
		return ""
	}
	return *j.ev.Data.UID
}
