package webhooks

import (
	"time"

	"gatepost/protocol"
)

// Endpoint names the endpoint that events of this type from clients of this path
// go to; empty: none.
func (d *Dispatcher) Endpoint(t protocol.EventType, path string) string {
	if e := d.route(t, path); e != nil {
		return e.Name
	}
	return ""
}

// Endpoint names the endpoint that the event was kept for.
func (k *KeptEvent) Endpoint() string { return k.record.Endpoint }

// Due is when it is to be tried next; the zero time: its quick tries aren't over.
func (k *KeptEvent) Due() time.Time { return k.record.Due }
