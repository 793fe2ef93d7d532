package web

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"

	"gatepost/web/http1"
)

// listener is one address that is served.
type listener struct {
	configured string // the address that was asked for
	server     *http1.Server
	socket     net.Listener // nil until open
}

func newListener(addr string, handler http.Handler, t Timeouts, limits http1.Limits, log *slog.Logger) *listener {
	return &listener{configured: addr, server: http1.New(http1.Config{
		Handler:        handler,
		Header:         t.Header,
		Read:           t.Read,
		Write:          t.Write,
		Idle:           t.Idle,
		MaxHeaderBytes: maxHeaderBytes,
		Limits:         limits,
		Log:            log,
	})}
}

func (l *listener) open() error {
	socket, err := listening.Listen(context.Background(), "tcp", l.configured)
	if err != nil {
		return fmt.Errorf("listen on %s: %w", l.configured, err)
	}
	l.socket = socket
	return nil
}

func (s *Server) listeners() []*listener {
	if s.admin == nil {
		return []*listener{s.public}
	}
	return []*listener{s.public, s.admin}
}

// Listen opens the listeners, so that their addresses are known. Who connects
// waits for Serve.
func (s *Server) Listen() error {
	for _, l := range s.listeners() {
		if err := l.open(); err != nil {
			s.close()
			return err
		}
	}
	return nil
}

// TryListen says of each address why a server can't listen there, or nil. All are open at once, as
// a server's, until release is called; nobody is answered.
func TryListen(addrs ...string) (errs []error, release func()) {
	var open []net.Listener
	for _, addr := range addrs {
		l := listener{configured: addr}
		err := l.open()
		if err == nil {
			open = append(open, l.socket)
		}
		errs = append(errs, err)
	}
	return errs, func() {
		for _, socket := range open {
			_ = socket.Close()
		}
	}
}

// Addr is the public listener's address, nil before Listen.
func (s *Server) Addr() net.Addr { return s.public.addr() }

// AdminAddr is the admin listener's address, nil before Listen and where there is
// none.
func (s *Server) AdminAddr() net.Addr {
	if s.admin == nil {
		return nil
	}
	return s.admin.addr()
}

func (l *listener) addr() net.Addr {
	if l.socket == nil {
		return nil
	}
	return l.socket.Addr()
}

// Serve answers requests until Shutdown begins, a listener fails, or ctx ends,
// which cuts every request short: ctx isn't the one that a signal ends. Listen
// comes first. The error is nil after a Shutdown or the end of ctx.
func (s *Server) Serve(ctx context.Context) error {
	for _, l := range s.listeners() {
		if l.socket == nil {
			return fmt.Errorf("serve %s: it isn't listening", l.configured)
		}
	}
	stop := context.AfterFunc(ctx, s.close)
	defer stop()
	var (
		serving sync.WaitGroup
		failed  = make(chan error, len(s.listeners()))
	)
	for _, l := range s.listeners() {
		serving.Go(func() {
			err := l.server.Serve(l.socket)
			if !errors.Is(err, http.ErrServerClosed) {
				failed <- fmt.Errorf("serve %s: %w", l.socket.Addr(), err)
				s.close()
			}
		})
	}
	serving.Wait()
	select {
	case err := <-failed:
		return err
	default:
		return nil
	}
}

// Shutdown accepts nobody else, and waits until the requests under way are answered or ctx
// ends, when they are cut off, which is an error. Sockets aren't its concern: they are the gateway's to drain first.
func (s *Server) Shutdown(ctx context.Context) error {
	var (
		ending sync.WaitGroup
		errs   = make([]error, len(s.listeners()))
	)
	for i, l := range s.listeners() {
		ending.Go(func() { errs[i] = l.server.Shutdown(ctx) })
	}
	ending.Wait()
	return errors.Join(errs...)
}

// close cuts everything off at once.
func (s *Server) close() {
	for _, l := range s.listeners() {
		l.server.Close()
		if l.socket != nil {
			_ = l.socket.Close()
		}
	}
}
