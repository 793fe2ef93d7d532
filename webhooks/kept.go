package webhooks

import (
	"context"

	"gatepost/protocol"
)

// KeptEvent is a stub until the outbox is merged.
type KeptEvent struct {
	Event         *protocol.Event
	Path, TraceID string
}

// Redeliver is a stub.
func (d *Dispatcher) Redeliver(context.Context, *KeptEvent) protocol.Outcome {
	return protocol.Outcome{}
}
