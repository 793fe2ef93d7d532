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

// connectionsFor is how many connections of the public listener a node takes, clients and
// calls together, that has room for so many clients (0: any number): as many as these, or
// minConnections where it may open so many files, and a few for calls while there are as many
// clients as there may be. 0 is any number.
func connectionsFor(room int, files uint64) int {
	if room == 0 {
		return 0
	}
	return max(room, roomFor(minConnections, files)) + callsFor(files)
}

// callsFor is how many connections are set aside for calls, and again for the admin listener.
func callsFor(files uint64) int {
	if files == 0 {
		return spareFiles / 8
	}
	return int(min(files/4, spareFiles) / 8)
}

// minConnections are connections of a node whose clients are to be few: what keeps clients
// from being many needn't keep calls from it.
const minConnections = 1024

// spareFiles are for what isn't a client: webhooks, listeners, the store, other nodes, and an
// eighth of them each for calls and the admin listener.
const spareFiles = 512
