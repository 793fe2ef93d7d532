package ws

import (
	"net"
	"time"
)

// keepAlive finds peers that vanished where the heartbeat is paused and nothing
// is under way. Its idle time is above the default ping interval: on a connection
// with a heartbeat it sends nothing.
var keepAlive = net.KeepAliveConfig{Enable: true, Idle: time.Minute, Interval: 15 * time.Second, Count: 4}

// tuneSocket sets the TCP options of an upgraded connection. One that can't be
// set costs time until a loss is noticed, nothing else.
func tuneSocket(conn net.Conn, userTimeout time.Duration) {
	if wrapped, ok := conn.(interface{ NetConn() net.Conn }); ok {
		conn = wrapped.NetConn() // of a TLS connection
	}
	tcp, ok := conn.(*net.TCPConn)
	if !ok {
		return
	}
	_ = tcp.SetNoDelay(true)
	_ = tcp.SetKeepAliveConfig(keepAlive)
	_ = setUserTimeout(tcp, userTimeout)
}
