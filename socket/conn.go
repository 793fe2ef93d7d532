package socket

import (
	"io"
	"net"
	"os"
	"sync"
	"syscall"
)

// Conn is a TCP connection whose Read and Write are the calls of this package, where
// there are any. It waits, and keeps deadlines, as net does.
type Conn struct {
	*net.TCPConn
	raw         syscall.RawConn
	read, write transfer
}

// transfer is one direction of a connection.
type transfer struct {
	mu   sync.Mutex // guards what follows, for one Read or Write at a time
	p    []byte     // what is still to be moved
	n    int        // bytes that were moved
	err  error      // of the system call
	step func(fd uintptr) (done bool)
}

// Of makes a Conn of a TCP connection, which stays what it is: each may be used. Any
// other connection, and any where there are no such calls, is given back.
func Of(c net.Conn) net.Conn {
	tcp, ok := c.(*net.TCPConn)
	if !ok || !Here {
		return c
	}
	raw, err := tcp.SyscallConn()
	if err != nil {
		return c // it is closed, as its first use will find
	}
	s := &Conn{TCPConn: tcp, raw: raw}
	s.read.step = s.read.readOn
	s.write.step = s.write.writeOn
	return s
}

func (t *transfer) readOn(fd uintptr) (done bool) {
	t.n, t.err = Read(fd, t.p)
	return t.err != syscall.EAGAIN
}

func (t *transfer) writeOn(fd uintptr) (done bool) {
	for len(t.p) > 0 {
		n, err := Write(fd, t.p)
		if err != nil {
			t.err = err
			return err != syscall.EAGAIN
		}
		t.n += n
		t.p = t.p[n:]
	}
	t.err = nil
	return true
}

// move moves p by a RawConn's Read or Write, which calls step whenever the socket is
// ready.
func (t *transfer) move(name string, by func(step func(uintptr) bool) error, p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	t.p, t.n, t.err = p, 0, nil
	err := by(t.step)
	t.p = nil
	if err == nil && t.err != nil {
		err = &net.OpError{Op: name, Net: "tcp", Err: os.NewSyscallError(name, t.err)}
	}
	return t.n, err
}

// Read reads as net.Conn says.
func (s *Conn) Read(p []byte) (int, error) {
	s.read.mu.Lock()
	defer s.read.mu.Unlock()
	n, err := s.read.move("read", s.raw.Read, p)
	if n == 0 && err == nil && len(p) > 0 {
		err = io.EOF
	}
	return n, err
}

// Write writes as net.Conn says.
func (s *Conn) Write(p []byte) (int, error) {
	s.write.mu.Lock()
	defer s.write.mu.Unlock()
	return s.write.move("write", s.raw.Write, p)
}
