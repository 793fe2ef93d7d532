package webhooks

import (
	"net/netip"

	"gatepost/protocol"
)

// addr is the address whose share a job takes.
func (j *job) addr() string {
	if j.ev == nil {
		return ""
	}
	return subscriber(j.ev.Data.RemoteAddr)
}

// subscriber is what stands for an address where shares are counted. One that is
// IPv4, or can't be read, stands for itself.
func subscriber(text string) string {
	a, err := netip.ParseAddr(text)
	if err != nil || a.Unmap().Is4() {
		return text
	}
	return protocol.Subscriber(a).String()
}

// uid is the user whose share a job takes, or empty.
func (j *job) uid() string {
	if j.ev == nil || j.ev.Data.UID == nil {
		return ""
	}
	return *j.ev.Data.UID
}
