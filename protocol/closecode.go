package protocol

// Close codes that the gateway itself knows: RFC 6455, section 7.4.1, and its own
// range 4000–4099.
const (
	CloseNormal       = 1000
	CloseGoingAway    = 1001
	CloseProtocol     = 1002
	CloseNoStatus     = 1005
	CloseAbnormal     = 1006
	CloseInvalidText  = 1007
	ClosePolicy       = 1008
	CloseTooBig       = 1009
	CloseInternal     = 1011
	CloseBadGateway   = 1014 // clients send it; IANA's registry of close codes has it
	CloseUntil        = 4001
	CloseSlow         = 4008
	CloseUnauthorized = 4041
	CloseForbidden    = 4043
	CloseTryLater     = 4053
)

// BackendMayClose reports whether a backend may ask for this close code: 1000 or
// one of its own, 4100 to 4999.
func BackendMayClose(code int) bool {
	return code == CloseNormal || code >= 4100 && code <= 4999
}

// Initiator says who ended a connection.
type Initiator string

// The initiators of a close event.
const (
	ByClient   Initiator = "client"    // a close frame came from the client
	ByBackend  Initiator = "backend"   // a close action or call
	ByGateway  Initiator = "gateway"   // limits, drain, until, protocol errors
	ByNetwork  Initiator = "network"   // no close frame came
	ByNodeLost Initiator = "node_lost" // the node died with the connection
)
