package main

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// socket is a WebSocket client that counts what it receives.
type socket struct {
	conn     net.Conn
	clientID string
	received atomic.Int64                 // data frames behind the welcome
	onFrame  atomic.Pointer[func([]byte)] // called for each of them; nil: they are only counted
	ended    chan struct{}                // closed when the connection has ended
}

// handle has fn called with each data frame's payload from now on.
func (s *socket) handle(fn func(payload []byte)) { s.onFrame.Store(&fn) }

const handshakeRequest = "GET %s HTTP/1.1\r\nHost: %s\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
	"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"

// connect opens a socket and reads its welcome, if the server has one.
func connect(server *server, path string) (*socket, *bufio.Reader, error) {
	conn, err := net.DialTimeout("tcp", server.addr, 10*time.Second)
	if err != nil {
		return nil, nil, err
	}
	_ = conn.SetDeadline(time.Now().Add(20 * time.Second))
	if _, err := fmt.Fprintf(conn, handshakeRequest, path, server.addr); err != nil {
		return nil, nil, err
	}
	r := bufio.NewReaderSize(conn, 512)
	status, err := r.ReadString('\n')
	if err != nil {
		return nil, nil, err
	}
	if !strings.Contains(status, " 101 ") {
		return nil, nil, fmt.Errorf("handshake: answered %q", status)
	}
	for line := status; line != "\r\n"; {
		if line, err = r.ReadString('\n'); err != nil {
			return nil, nil, err
		}
	}
	s := &socket{conn: conn, ended: make(chan struct{})}
	if server.welcomes {
		_, welcome, err := readFrame(r, nil)
		if err != nil {
			return nil, nil, err
		}
		s.clientID = between(string(welcome), `"client_id":"`, `"`)
	}
	return s, r, conn.SetDeadline(time.Time{})
}

func between(s, from, to string) string {
	_, s, _ = strings.Cut(s, from)
	s, _, _ = strings.Cut(s, to)
	return s
}

// openAll opens n sockets, all in one channel.
func openAll(s *server, n int) ([]*socket, error) {
	return open(s, n, func(int) string { return s.wsPath("all") })
}

// openEach opens n sockets, each in a channel of its own.
func openEach(s *server, n int) ([]*socket, error) {
	return open(s, n, func(i int) string { return s.wsPath(strconv.Itoa(i)) })
}

// open opens n sockets, a few at a time, and reads on each until it ends.
func open(server *server, n int, path func(i int) string) ([]*socket, error) {
	sockets := make([]*socket, n)
	var next atomic.Int64
	var failed error
	var once sync.Once
	var wg sync.WaitGroup
	for range 32 {
		wg.Go(func() {
			for i := next.Add(1) - 1; i < int64(n); i = next.Add(1) - 1 {
				s, r, err := connect(server, path(int(i)))
				if err != nil {
					once.Do(func() { failed = err })
					return
				}
				sockets[i] = s
				go s.readOn(r)
			}
		})
	}
	wg.Wait()
	return sockets, failed
}

func closeAll(sockets []*socket) {
	for _, s := range sockets {
		if s != nil {
			_ = s.conn.Close()
		}
	}
}

func (s *socket) readOn(r *bufio.Reader) {
	defer close(s.ended)
	payload := make([]byte, 0, 128)
	for {
		opcode, p, err := readFrame(r, payload)
		if err != nil {
			return
		}
		payload = p[:0]
		if opcode == opPing {
			_ = s.send(opPong, p) // a broken socket ends the next read
		}
		if opcode > opBinary {
			continue
		}
		s.received.Add(1)
		if fn := s.onFrame.Load(); fn != nil {
			(*fn)(p)
		}
	}
}

// Opcodes of RFC 6455, section 5.2.
const (
	opText   = 1
	opBinary = 2
	opClose  = 8
	opPing   = 9
	opPong   = 10
)

// readFrame reads one frame, into buffer if it is large enough.
func readFrame(r *bufio.Reader, buffer []byte) (opcode byte, payload []byte, err error) {
	var head [10]byte
	if _, err := io.ReadFull(r, head[:2]); err != nil {
		return 0, nil, err
	}
	opcode = head[0] & 15
	n := uint64(head[1])
	switch n {
	case 126:
		_, err = io.ReadFull(r, head[:2])
		n = uint64(binary.BigEndian.Uint16(head[:2]))
	case 127:
		return 0, nil, errors.New("a frame larger than any in this benchmark")
	}
	if err != nil {
		return 0, nil, err
	}
	if payload = buffer[:min(int(n), cap(buffer))]; len(payload) < int(n) {
		payload = make([]byte, n)
	}
	_, err = io.ReadFull(r, payload)
	return opcode, payload, err
}

// send sends a frame of fewer than 126 bytes, masked as a client must, with the
// mask zero (RFC 6455, section 5.3).
func (s *socket) send(opcode byte, payload []byte) error {
	frame := append([]byte{0x80 | opcode, 0x80 | byte(len(payload)), 0, 0, 0, 0}, payload...)
	_, err := s.conn.Write(frame)
	return err
}

// sendClose ends the connection as a browser does, with 1000.
func (s *socket) sendClose() error { return s.send(opClose, []byte{0x03, 0xe8}) }
