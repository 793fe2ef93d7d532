package web

import "time"

// TCP keep-alive finds peers that vanished where the heartbeat is paused and
// nothing is under way. Its idle time is above the default ping interval: on a
// connection with a heartbeat it sends nothing.
const (
	keepAliveIdle     = time.Minute
	keepAliveInterval = 15 * time.Second
	keepAliveCount    = 4
)

// userTimeout bounds how long sent bytes may stay unacknowledged. Without it a peer
// that vanished is noticed by the kernel's retransmissions alone, after a quarter of
// an hour, while the heartbeat may be paused.
const userTimeout = time.Minute
