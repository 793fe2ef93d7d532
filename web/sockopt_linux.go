package web

import (
	"errors"
	"net"
	"syscall"

	"golang.org/x/sys/unix"
)

// listening opens listeners. What is to hold for each connection is set on the
// listener, from which Linux hands it on: that costs nothing for each connection.
var listening = net.ListenConfig{KeepAlive: -1, Control: tune}

// tune sets a listener's TCP options. One that can't be set costs time until a loss
// is noticed, nothing else.
func tune(_, _ string, conn syscall.RawConn) error {
	var failed error
	err := conn.Control(func(fd uintptr) {
		for _, o := range []struct{ level, option, value int }{
			{unix.SOL_SOCKET, unix.SO_KEEPALIVE, 1},
			{unix.IPPROTO_TCP, unix.TCP_KEEPIDLE, int(keepAliveIdle.Seconds())},
			{unix.IPPROTO_TCP, unix.TCP_KEEPINTVL, int(keepAliveInterval.Seconds())},
			{unix.IPPROTO_TCP, unix.TCP_KEEPCNT, keepAliveCount},
			{unix.IPPROTO_TCP, unix.TCP_USER_TIMEOUT, int(userTimeout.Milliseconds())},
		} {
			failed = errors.Join(failed, unix.SetsockoptInt(int(fd), o.level, o.option, o.value))
		}
	})
	return errors.Join(err, failed)
}
