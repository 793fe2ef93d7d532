//go:build !linux

package web

import "net"

// listening opens listeners. There is no TCP_USER_TIMEOUT here.
var listening = net.ListenConfig{KeepAliveConfig: net.KeepAliveConfig{
	Enable: true, Idle: keepAliveIdle, Interval: keepAliveInterval, Count: keepAliveCount,
}}
