package hub

import "gatepost/protocol"

// Cause is how a connection ended: what its close frame and its close event say.
type Cause struct {
	Code      int // of protocol's close codes, or a backend's
	Reason    string
	Initiator protocol.Initiator
}

var (
	causeSlow    = Cause{protocol.CloseSlow, "too slow: the send queue is full", protocol.ByGateway}
	causeUntil   = Cause{protocol.CloseUntil, "the connection's time is over", protocol.ByGateway}
	causeNoPong  = Cause{protocol.CloseAbnormal, "no pong", protocol.ByNetwork}
	causeStalled = Cause{protocol.CloseAbnormal, "the connection takes no data", protocol.ByNetwork}
	causeBroken  = Cause{protocol.CloseAbnormal, "the connection broke", protocol.ByNetwork}
)
