package http1

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/time/rate"
)

// idleGrace is how long Shutdown leaves a connection alone that carries no request: one
// may be under way, on those that proxies and backends keep as on those that have just
// been opened. Whoever keeps one without using it is no reason for a node not to end in
// time.
const idleGrace = 500 * time.Millisecond

// Config is how connections are served. A zero time is no limit.
type Config struct {
	Handler http.Handler
	// Header is how long a peer may take to send a request's header, and its first
	// request's first byte.
	Header time.Duration
	// Read is how long it may take for header and body together.
	Read time.Duration
	// Write is how long it may take to accept an answer, from the answer's first byte.
	Write time.Duration
	// Idle is how long a connection may carry nothing between two requests. It, and
	// Write, may take up to an eighth longer, a second at most.
	Idle time.Duration
	// MaxHeaderBytes bounds a request's header; up to 4 KiB more are read.
	MaxHeaderBytes int
	Limits         Limits
	Log            *slog.Logger
}

// Server serves the connections of one listener.
type Server struct {
	cfg      Config
	stopping atomic.Bool   // nobody else is accepted, and answers are their connections' last
	sweeping atomic.Bool   // and who is idle has had his time
	stopped  chan struct{} // closed once stopping
	empty    chan struct{} // closed once stopping and without connections
	failing  rate.Sometimes
	begun    time.Time

	mu        sync.Mutex // guards what follows
	socket    net.Listener
	conns     map[*conn]struct{}
	byAddress map[netip.Prefix][]*conn // of peers that aren't trusted; none that leaves
	leaving   int                      // of conns: closed to make room, and not gone yet
	trimming  map[netip.Prefix]struct{}
	ended     bool // empty is closed
}

// New makes a server that serves nobody yet.
func New(cfg Config) *Server {
	return &Server{
		cfg:       cfg,
		stopped:   make(chan struct{}),
		empty:     make(chan struct{}),
		failing:   rate.Sometimes{First: 1, Interval: 10 * time.Second},
		begun:     time.Now(),
		conns:     make(map[*conn]struct{}),
		byAddress: make(map[netip.Prefix][]*conn),
		trimming:  make(map[netip.Prefix]struct{}),
	}
}

// Serve accepts connections and serves each on a goroutine of its own. It may be
// called once. Its error is http.ErrServerClosed after Shutdown or Close, else what
// ended the listener.
func (s *Server) Serve(socket net.Listener) error {
	if !s.listen(socket) {
		_ = socket.Close() // nobody has come yet
		return http.ErrServerClosed
	}
	for wait := time.Duration(0); ; {
		raw, err := socket.Accept()
		switch {
		case err == nil:
			wait = 0
			if c := newConn(s, raw); s.admit(c) {
				go c.serve()
			} else {
				_ = raw.Close() // nobody was promised an answer
			}
		case s.stopping.Load():
			return http.ErrServerClosed
		case passes(err):
			s.failing.Do(func() { s.cfg.Log.Warn("a connection couldn't be accepted", "error", err) })
			wait = min(max(2*wait, 5*time.Millisecond), time.Second)
			select {
			case <-time.After(wait):
			case <-s.stopped:
			}
		default:
			return err
		}
	}
}

// listen has Shutdown and Close know of the listener. It is false if they came first.
func (s *Server) listen(socket net.Listener) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.socket = socket
	return !s.stopping.Load()
}

// passes says whether the next connection may be accepted although this one wasn't:
// there were too many open files, or the peer had gone already.
func passes(err error) bool {
	var errno syscall.Errno
	if !errors.As(err, &errno) {
		return false
	}
	switch errno {
	case syscall.ECONNABORTED, syscall.ECONNRESET, syscall.ENOBUFS, syscall.ENOMEM:
		return true
	}
	return errno.Temporary()
}

// Shutdown accepts nobody else, and has each answer from here on be its connection's
// last. It closes the connections on which no request comes for half a second, and
// waits for the others until their requests are answered. Those that aren't when ctx
// ends are cut off: the error, which wraps that of ctx, says how many.
func (s *Server) Shutdown(ctx context.Context) error {
	s.stop()
	grace := time.NewTimer(idleGrace)
	defer grace.Stop()
	for {
		select {
		case <-s.empty:
			return nil
		case <-grace.C:
			s.sweep()
		case <-ctx.Done():
			if n := s.cutOff(); n > 0 {
				return fmt.Errorf("connections cut off: %d: %w", n, ctx.Err())
			}
			return nil
		}
	}
}

// Close cuts all connections off.
func (s *Server) Close() {
	s.stop()
	s.cutOff()
}

// cutOff closes all connections, and says how many those were.
func (s *Server) cutOff() int {
	all := s.open()
	for _, c := range all {
		_ = c.raw.Close() // whoever is at work on it finds out
	}
	return len(all)
}

func (s *Server) stop() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stopping.CompareAndSwap(false, true) {
		close(s.stopped)
	}
	if s.socket != nil {
		_ = s.socket.Close() // that it is closed already is as good
	}
	s.endIfEmpty()
}

// endIfEmpty needs s.mu.
func (s *Server) endIfEmpty() {
	if !s.ended && s.stopping.Load() && len(s.conns) == 0 {
		s.ended = true
		close(s.empty)
	}
}

// sweep closes the connections that carry no request, and has others end once theirs
// is answered.
func (s *Server) sweep() {
	s.sweeping.Store(true)
	for _, c := range s.open() {
		if c.state.CompareAndSwap(stateFresh, stateClosed) || c.state.CompareAndSwap(stateIdle, stateClosed) {
			_ = c.raw.Close() // it waits for a request, and finds out
		}
	}
}

func (s *Server) open() []*conn {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := make([]*conn, 0, len(s.conns))
	for c := range s.conns {
		all = append(all, c)
	}
	return all
}

// admit takes a connection in, for which others may have to go. It is false if none can,
// or the server stops.
func (s *Server) admit(c *conn) bool {
	l := &s.cfg.Limits
	const step = 5 * time.Millisecond
	for young := l.Young; ; young -= step {
		added, ofAddress, ofAll := s.add(c, max(young, 0))
		refused := !added && young <= 0 && !s.stopping.Load()
		l.dropped(Drop{Address: c.address, Idle: ofAddress})
		l.dropped(Drop{Address: c.address, Total: true, Idle: ofAll, Refused: refused})
		if added || refused || s.stopping.Load() {
			return added
		}
		time.Sleep(step) // most that have just come are done with by then, or have shown what they want
	}
}

// add has Shutdown and Close know of a connection. It is false if they came first, or there
// is no room; and says how many others were closed for it, of its address and of all.
func (s *Server) add(c *conn, young time.Duration) (added bool, ofAddress, ofAll int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stopping.Load() {
		return false, 0, 0
	}
	ofAddress = s.makeRoomOfAddress(c)
	if ofAll, added = s.makeRoom(c, young); added {
		s.conns[c] = struct{}{}
		s.remember(c)
	}
	return added, ofAddress, ofAll
}

// remove forgets a connection that has ended or was hijacked.
func (s *Server) remove(c *conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.conns, c)
	if c.leaving {
		s.leaving--
	} else {
		s.forget(c)
	}
	s.endIfEmpty()
}
