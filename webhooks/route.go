package webhooks

import (
	"slices"
	"strings"

	"gatepost/protocol"
)

// Wants says whether any endpoint gets events of this type from clients that
// connected at path.
func (d *Dispatcher) Wants(t protocol.EventType, path string) bool { return d.route(t, path) != nil }

// Endpoint names the endpoint that events of this type from clients of this path
// go to; empty: none.
func (d *Dispatcher) Endpoint(t protocol.EventType, path string) string {
	if e := d.route(t, path); e != nil {
		return e.Name
	}
	return ""
}

func (d *Dispatcher) route(t protocol.EventType, path string) *endpoint {
	for _, e := range d.endpoints {
		if e.matches(t, path) {
			return e
		}
	}
	return nil
}

// matches says whether the endpoint wants such an event of a client that
// connected at path.
func (e *Endpoint) matches(t protocol.EventType, path string) bool {
	if e.Events != nil && !slices.Contains(e.Events, t) {
		return false
	}
	below, ok := strings.CutPrefix(path, e.Path)
	return ok && (e.Path == "" || below == "" || below[0] == '/')
}

// named is the endpoint of this name; nil: there is none (any more).
func (d *Dispatcher) named(name string) *endpoint {
	for _, e := range d.endpoints {
		if e.Name == name {
			return e
		}
	}
	return nil
}
