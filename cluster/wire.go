package cluster

// kind says what a message from one node to another is.
type kind byte

const (
	kindCall kind = iota + 1 // to Host.Serve
	kindLeave

	// The directory, copies, taking over, handing over.
	kindDirectoryDelta kind = iota + 30
	kindDirectorySnapshot
	kindDirectoryAck
	kindCopies
	kindCopiesAck
	kindTakenOver
	kindLists
	kindAdopt
)
