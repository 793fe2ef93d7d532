package socket

import (
	"bytes"
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"syscall"
	"testing"
	"time"

	"gatepost/test/tcp"
)

// within bounds every wait of the tests.
const within = 10 * time.Second

// pair is a connection and its other end.
func pair(t testing.TB) (net.Conn, *net.TCPConn) {
	t.Helper()
	here, there := tcp.Pair(t)
	for _, c := range []net.Conn{here, there} {
		if err := c.SetDeadline(time.Now().Add(within)); err != nil {
			t.Fatal(err)
		}
	}
	c := Of(here)
	if _, ok := c.(*Conn); ok != Here {
		t.Fatalf("got a %T", c)
	}
	return c, there
}

func TestConnCarriesBothWaysAtOnce(t *testing.T) {
	c, peer := pair(t)
	sent := bytes.Repeat([]byte("0123456789abcdef"), 1<<18) // 4 MiB, more than the buffers take
	var both sync.WaitGroup
	both.Go(func() {
		if n, err := c.Write(sent); n != len(sent) || err != nil {
			t.Errorf("Write: %d, %v", n, err)
		}
		if err := c.(interface{ CloseWrite() error }).CloseWrite(); err != nil {
			t.Error(err)
		}
	})
	both.Go(func() {
		if n, err := io.Copy(peer, peer); n != int64(len(sent)) || err != nil {
			t.Errorf("the peer's copying: %d, %v", n, err)
		}
		peer.CloseWrite()
	})
	got, err := io.ReadAll(c)
	if err != nil || !bytes.Equal(got, sent) {
		t.Errorf("got %d bytes, %v", len(got), err)
	}
	both.Wait()
	if n, err := c.Read(make([]byte, 1)); n != 0 || err != io.EOF {
		t.Errorf("behind the end: %d, %v", n, err)
	}
}

func TestConnMovesNothingForNothing(t *testing.T) {
	c, _ := pair(t)
	if n, err := c.Read(nil); n != 0 || err != nil {
		t.Errorf("Read: %d, %v", n, err)
	}
	if n, err := c.Write(nil); n != 0 || err != nil {
		t.Errorf("Write: %d, %v", n, err)
	}
}

// Errors are those of net: whoever tells a time-out from an end does so by them.
func TestConnFailsAsNetDoes(t *testing.T) {
	for name, tt := range map[string]struct {
		before func(c net.Conn, peer *net.TCPConn)
		want   error
	}{
		"a deadline":           {func(c net.Conn, _ *net.TCPConn) { c.SetDeadline(time.Now().Add(10 * time.Millisecond)) }, os.ErrDeadlineExceeded},
		"a deadline long past": {func(c net.Conn, _ *net.TCPConn) { c.SetDeadline(time.Unix(1, 0)) }, os.ErrDeadlineExceeded},
		"closed":               {func(c net.Conn, _ *net.TCPConn) { c.Close() }, net.ErrClosed},
		"closed meanwhile":     {func(c net.Conn, _ *net.TCPConn) { time.AfterFunc(10*time.Millisecond, func() { c.Close() }) }, net.ErrClosed},
		"reset":                {func(_ net.Conn, peer *net.TCPConn) { peer.SetLinger(0); peer.Close() }, nil},
	} {
		t.Run(name, func(t *testing.T) {
			c, peer := pair(t)
			tt.before(c, peer)
			_, err := c.Read(make([]byte, 1))
			var op *net.OpError
			if !errors.As(err, &op) || tt.want != nil && !errors.Is(err, tt.want) || tt.want == nil && !errors.Is(err, syscall.ECONNRESET) {
				t.Errorf("Read: %v", err)
			}
			for err = nil; err == nil; {
				_, err = c.Write(make([]byte, 1<<20))
			}
			if !errors.As(err, &op) || tt.want != nil && !errors.Is(err, tt.want) || tt.want == nil && !errors.Is(err, syscall.EPIPE) {
				t.Errorf("Write: %v", err)
			}
		})
	}
}

func TestOtherConnsStay(t *testing.T) {
	a, b := net.Pipe()
	defer a.Close()
	defer b.Close()
	if Of(a) != a {
		t.Error("a pipe became another connection")
	}
}

func TestConnAllocatesNothing(t *testing.T) {
	c, peer := pair(t)
	message, got := []byte("message"), make([]byte, 16)
	if n := testing.AllocsPerRun(100, func() {
		if _, err := c.Write(message); err != nil {
			t.Fatal(err)
		}
		if _, err := peer.Read(got); err != nil {
			t.Fatal(err)
		}
		if _, err := peer.Write(message); err != nil {
			t.Fatal(err)
		}
		if _, err := c.Read(got); err != nil {
			t.Fatal(err)
		}
	}); n > 0 {
		t.Errorf("%v allocations", n)
	}
}
