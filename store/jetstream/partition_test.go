package jetstream

import (
	"io"
	"net"
	"sync"
	"testing"
	"time"
)

// wire is a way to a server that can be cut as a network is: what is sent vanishes, and
// nobody is told. The connections of that time stay silent ever after, as they are while
// TCP waits before it tries again.
type wire struct {
	net.Listener
	to string

	mu   sync.Mutex
	cut  bool
	each []*span
}

// span is one connection through a wire.
type span struct {
	ends [2]net.Conn
	dead chan struct{}
}

func newWire(t *testing.T, to string) *wire {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	w := &wire{Listener: l, to: to}
	var all sync.WaitGroup
	all.Go(func() { w.accept(&all) })
	t.Cleanup(func() {
		l.Close()
		w.mu.Lock()
		for _, s := range w.each {
			s.ends[0].Close()
			s.ends[1].Close()
		}
		w.mu.Unlock()
		all.Wait()
	})
	return w
}

func (w *wire) accept(all *sync.WaitGroup) {
	for {
		near, err := w.Accept()
		if err != nil {
			return
		}
		far, err := net.Dial("tcp", w.to)
		if err != nil {
			near.Close()
			continue
		}
		s := &span{ends: [2]net.Conn{near, far}, dead: make(chan struct{})}
		w.mu.Lock()
		if w.each = append(w.each, s); w.cut {
			close(s.dead)
		}
		w.mu.Unlock()
		all.Go(func() { s.carry(near, far) })
		all.Go(func() { s.carry(far, near) })
	}
}

// carry carries what one end sends to the other, until the wire is cut.
func (s *span) carry(from, to net.Conn) {
	b := make([]byte, 4096)
	for {
		n, err := from.Read(b)
		select {
		case <-s.dead:
			_, _ = io.Copy(io.Discard, from)
			return
		default:
		}
		if err != nil {
			to.Close()
			return
		}
		_, _ = to.Write(b[:n])
	}
}

func (w *wire) set(cut bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.cut = cut; cut {
		for _, s := range w.each {
			select {
			case <-s.dead:
			default:
				close(s.dead)
			}
		}
	}
}

// A network that was away for long is used again soon after it is back.
func TestExternalBehindAPartition(t *testing.T) {
	t.Parallel()
	srv := external(t, t.TempDir(), -1)
	w := newWire(t, srv.Addr().String())
	o := overURL(t, srv, "n")
	o.URL = "nats://" + w.Addr().String()
	s := open(t, o)
	keep(t, s.Put("k/1", []byte("before")))
	w.set(true)
	// Until it has given up, and tries ever more slowly.
	if err := s.Put("k/2", []byte("meanwhile")).Wait(t.Context()); err == nil {
		t.Fatal("it is kept without a network")
	}
	time.Sleep(2 * lastRetry)
	w.set(false)
	began := time.Now()
	eventually(t, "healthy again", func() bool { return s.Health() == nil })
	if took := time.Since(began); took > lastRetry-time.Second {
		t.Errorf("that took %v", took)
	}
	keep(t, s.Put("k/3", []byte("after")))
	same(t, s, map[string]string{"k/1": "before", "k/3": "after"})
}
