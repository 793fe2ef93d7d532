package webhooks

import (
	"net/netip"

	"gatepost/protocol"
)

// subscriber is what stands for an address where shares are counted. One that is
// IPv4, or can't be read, stands for itself.
func subscriber(text string) string {
	a, err := netip.ParseAddr(text)
	if err != nil || a.Unmap().Is4() {
		return text
	}
	return protocol.Subscriber(a).String()
}
