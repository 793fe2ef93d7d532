//go:build !linux

package ws

import (
	"net"
	"time"
)

// setUserTimeout does nothing here: only Linux has TCP_USER_TIMEOUT.
func setUserTimeout(*net.TCPConn, time.Duration) error { return nil }
