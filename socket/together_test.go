package socket

import (
	"bytes"
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"testing"
	"time"
)

// What was done before a write is done before what follows the peer's read of it: so
// the race detector has to see it, or tests of whoever uses this fail for nothing.
func TestConnOrdersWhatIsDone(t *testing.T) {
	c, peer := pair(t)
	for name, ends := range map[string][2]net.Conn{"Write": {c, peer}, "Read": {peer, c}} {
		t.Run(name, func(t *testing.T) {
			done := ""
			var writing sync.WaitGroup
			defer writing.Wait()
			stay := make(chan struct{})
			defer close(stay)
			writing.Go(func() {
				done = "before"
				if _, err := ends[0].Write([]byte("x")); err != nil {
					t.Error(err)
				}
				<-stay // the goroutine's end would order it as well
			})
			if _, err := ends[1].Read(make([]byte, 1)); err != nil || done != "before" {
				t.Errorf("%q, %v", done, err)
			}
		})
	}
}

// Readers, writers, deadlines and the end, whoever brings it, may all come at once, and
// nobody is left waiting.
func TestConnIsAnybodys(t *testing.T) {
	for name, end := range map[string]func(c net.Conn, peer *net.TCPConn){
		"closed": func(c net.Conn, _ *net.TCPConn) { c.Close() },
		"reset":  func(_ net.Conn, peer *net.TCPConn) { peer.SetLinger(0); peer.Close() },
	} {
		t.Run(name, func(t *testing.T) {
			for range 20 {
				c, peer := pair(t)
				var all sync.WaitGroup
				for range 2 {
					for _, move := range []func([]byte) (int, error){c.Read, c.Write} {
						all.Go(func() {
							for p := make([]byte, 200_000); ; {
								if _, err := move(p); err != nil && !errors.Is(err, os.ErrDeadlineExceeded) {
									return
								}
							}
						})
					}
				}
				all.Go(func() { _, _ = io.Copy(peer, peer) })
				for range 50 {
					c.SetDeadline(time.Unix(1, 0))
					c.SetDeadline(time.Now().Add(within))
				}
				end(c, peer)
				over := make(chan struct{})
				go func() { all.Wait(); close(over) }()
				select {
				case <-over:
				case <-time.After(within):
					t.Fatal("somebody still waits")
				}
			}
		})
	}
}

// A write that runs into its deadline says how much has left.
func TestConnCountsWhatLeftBeforeADeadline(t *testing.T) {
	c, peer := pair(t)
	sent := bytes.Repeat([]byte("x"), 32<<20)
	c.SetWriteDeadline(time.Now().Add(200 * time.Millisecond))
	n, err := c.Write(sent)
	if n <= 0 || n >= len(sent) || !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Fatalf("Write: %d, %v", n, err)
	}
	c.Close()
	if got, err := io.Copy(io.Discard, peer); got != int64(n) || err != nil {
		t.Errorf("%d bytes came of %d, %v", got, n, err)
	}
}
