package protocol

// Limits of the contract. They are the same on every node, so that a call
// answers alike wherever it lands; what an operator may tune is configuration.
const (
	// MaxNameBytes is the longest uid or group name, in bytes of UTF-8.
	MaxNameBytes = 256
	// MaxClientIDBytes is the longest client id.
	MaxClientIDBytes = 40
	// MaxGroupsPerClient is how many groups one client may be in.
	MaxGroupsPerClient = 256
	// MaxSessionBytes is the largest session, in bytes of compact JSON.
	MaxSessionBytes = 16 << 10
	// MaxNames is how many names one list of an action may hold.
	MaxNames = 1000
	// MaxActions is how many actions one call or reply may hold.
	MaxActions = 1000
	// MaxReplyBytes is the largest webhook reply that is read.
	MaxReplyBytes = 1 << 20
	// MaxRefusalBytes is how much of a refusal's text reaches the client.
	MaxRefusalBytes = 1 << 10
	// MaxReasonBytes is the longest close reason (RFC 6455, section 5.5: a control
	// frame's payload is at most 125 bytes, two of which are the code).
	MaxReasonBytes = 123
	// MaxJSONDepth is how deeply arrays and objects may nest; PHP's own default.
	MaxJSONDepth = 512
	// DefaultPage and MaxPage bound the limit parameter of every list.
	DefaultPage = 100
	MaxPage     = 10_000
	// MaxEmbeddedDepth is how deeply a session or a token's claims may nest, so
	// that an event around them stays within MaxJSONDepth.
	MaxEmbeddedDepth = MaxJSONDepth - 12
	// MaxSessionChangeBytes is the largest patch of a session: room to delete what
	// a full session holds and to fill it again.
	MaxSessionChangeBytes = 4 * MaxSessionBytes

	maxMembers    = 10_000 // of an object that is taken apart
	maxShownBytes = 64     // of a caller's own word in an error
	maxUnknown    = 10     // names of unknown fields that are told
)
