package ws

import (
	"net"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

func TestTuneSocket(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	conn, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	tuneSocket(conn, 7*time.Second)
	raw, err := conn.(*net.TCPConn).SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name                string
		level, option, want int
	}{
		{"TCP_USER_TIMEOUT", unix.IPPROTO_TCP, unix.TCP_USER_TIMEOUT, 7000},
		{"TCP_NODELAY", unix.IPPROTO_TCP, unix.TCP_NODELAY, 1},
		{"SO_KEEPALIVE", unix.SOL_SOCKET, unix.SO_KEEPALIVE, 1},
		{"TCP_KEEPIDLE", unix.IPPROTO_TCP, unix.TCP_KEEPIDLE, 60},
	} {
		var got int
		if err := control(raw, func(fd int) error {
			var err error
			got, err = unix.GetsockoptInt(fd, tt.level, tt.option)
			return err
		}); err != nil || got != tt.want {
			t.Errorf("%s is %d (%v), want %d", tt.name, got, err, tt.want)
		}
	}
}
