package main

// roomFor is how many clients a node takes that may open so many files (0: any
// number), where so many are configured (0: any number). Each client is an open file.
// A quarter of the files, spareFiles at most, stays for everything else: without, clients
// would keep the store from writing and webhooks from leaving. 0 is any number.
func roomFor(configured int, files uint64) int {
	const plenty = 1e9 // the most that may be configured
	if files == 0 || files > plenty {
		return configured
	}
	room := int(files - min(files/4, spareFiles))
	if configured == 0 {
		return room
	}
	return min(configured, room)
}

// spareFiles are for what isn't a client: webhooks, calls, listeners, the store,
// handshakes that are refused.
const spareFiles = 512
