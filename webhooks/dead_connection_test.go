package webhooks

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"gatepost/protocol"
	"gatepost/test/counted"
)

// lossy is a network in memory that can lose what is connected, without a word.
type lossy struct {
	*pipes
	dials atomic.Int32

	mu    sync.Mutex // guards the following
	conns []*lossyConn
}

func (l *lossy) dial(ctx context.Context, network, addr string) (net.Conn, error) {
	conn, err := l.pipes.dial(ctx, network, addr)
	if err != nil {
		return nil, err
	}
	l.dials.Add(1)
	c := &lossyConn{Conn: conn, lost: make(chan struct{}), closed: make(chan struct{})}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.conns = append(l.conns, c)
	return c, nil
}

// lose loses all connections that are there now.
func (l *lossy) lose() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, c := range l.conns {
		close(c.lost)
		_ = c.Conn.Close()
	}
	l.conns = nil
}

type lossyConn struct {
	net.Conn
	once         sync.Once
	lost, closed chan struct{}
}

func (c *lossyConn) isLost() bool {
	select {
	case <-c.lost:
		return true
	default:
		return false
	}
}

func (c *lossyConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if c.isLost() {
		<-c.closed
		return 0, net.ErrClosed
	}
	return n, err
}

func (c *lossyConn) Write(p []byte) (int, error) {
	n, err := c.Conn.Write(p)
	if !c.isLost() {
		return n, err
	}
	select {
	case <-c.closed:
		return 0, net.ErrClosed
	default:
		return len(p), nil
	}
}

func (c *lossyConn) Close() error {
	c.once.Do(func() { close(c.closed) })
	return c.Conn.Close()
}

// overLossy makes a rig whose backend is reached over a network that can lose
// connections, by HTTP/1.1, or by HTTP/2.
func overLossy(t *testing.T, proto string, e Endpoint, answer func(http.ResponseWriter, got)) (*rig, *lossy) {
	t.Helper()
	l := &lossy{pipes: newPipes()}
	back := &backend{answer: answer}
	srv := &http.Server{Handler: back}
	var listener net.Listener = l.pipes
	e.URL = "http://example.com/hook"
	if proto != "http" {
		e.URL = "https://example.com/hook"
		srv.TLSConfig = &tls.Config{Certificates: backendCert().Certificates, NextProtos: []string{proto}}
		listener = tls.NewListener(l.pipes, srv.TLSConfig)
	}
	served := make(chan struct{})
	go func() { defer close(served); _ = srv.Serve(listener) }()
	r := newRig(t, e, back, l.dial)
	r.trust(backendRoots())
	r.endpoints[0].turns.slots.limit.value = 64
	t.Cleanup(func() {
		r.Close()
		_ = srv.Close()
		<-served
		time.Sleep(5 * time.Second) // what the backend still does
	})
	return r, l
}

var (
	backendCert = sync.OnceValue(func() *tls.Config {
		srv := httptest.NewTLSServer(http.NotFoundHandler())
		defer srv.Close()
		return srv.TLS
	})
	backendRoots = sync.OnceValue(func() *x509.CertPool {
		roots := x509.NewCertPool()
		cert, _ := x509.ParseCertificate(backendCert().Certificates[0].Certificate[0])
		roots.AddCert(cert)
		return roots
	})
)

// trust has the rig's attempts accept the certificates of test servers.
func (r *rig) trust(roots *x509.CertPool) {
	c := r.endpoints[0].courier
	c.transport.TLSClientConfig = &tls.Config{RootCAs: roots, ServerName: "example.com"}
	c.fresh.TLSClientConfig = c.transport.TLSClientConfig.Clone()
}

// warm has n connections opened, or with HTTP/2 one.
func warm(r *rig, n int) {
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() {
			r.deliver(from(event(protocol.Inbound, fmt.Sprint("warm", i), 1), fmt.Sprint("192.0.2.", i), ""))
		})
	}
	all.Wait()
}

// each runs a test for each protocol.
func each(t *testing.T, test func(t *testing.T, proto string)) {
	backendRoots() // not in a bubble
	for _, proto := range []string{"http", "http/1.1", "h2"} {
		t.Run(proto, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { test(t, proto) })
		})
	}
}

func inAWhile(w http.ResponseWriter, _ got) {
	time.Sleep(100 * time.Millisecond)
	_, _ = io.WriteString(w, "{}")
}

// A connection that died without a word costs a message one attempt at most, and once,
// however many there are; and no connect is refused for it.
func TestConnectionsThatDiedWithoutAWord(t *testing.T) {
	each(t, func(t *testing.T, proto string) {
		r, l := overLossy(t, proto, Endpoint{Timeout: 2 * time.Second}, inAWhile)
		warm(r, 30)
		time.Sleep(200 * time.Millisecond)
		l.lose()
		before, began := l.dials.Load(), time.Now()
		var all sync.WaitGroup
		for i := range 8 {
			all.Go(func() {
				o := r.deliver(from(event(protocol.Connect, fmt.Sprint("c", i), 0), fmt.Sprint("192.0.2.", i), ""))
				if o.Verdict != protocol.Delivered {
					t.Log(r.log.String())
				}
				if o.Verdict != protocol.Delivered || time.Since(began) > 2*time.Second {
					t.Errorf("a connect: %v after %v", o.Verdict, time.Since(began))
				}
			})
		}
		all.Go(func() { r.deliver(event(protocol.Inbound, "m1", 1)) })
		all.Wait()
		if took := time.Since(began); took > 2600*time.Millisecond || l.dials.Load() == before {
			t.Errorf("the message took %v", took)
		}
		began = time.Now()
		warm(r, 30)
		if took := time.Since(began); took > 150*time.Millisecond {
			t.Errorf("afterwards messages took %v", took)
		}
	})
}

// Over HTTP/2 a ping finds out, also while nothing is sent.
func TestPingsFindADeadConnection(t *testing.T) {
	backendRoots()
	synctest.Test(t, func(t *testing.T) {
		r, l := overLossy(t, "h2", Endpoint{Timeout: 2 * time.Second}, inAWhile)
		warm(r, 1)
		l.lose()
		time.Sleep(1100 * time.Millisecond)
		began := time.Now()
		warm(r, 1)
		if took := time.Since(began); took > 150*time.Millisecond {
			t.Errorf("a message took %v", took)
		}
	})
}

// A slow answer costs the connections that are in use nothing, nor the client its place.
func TestSlowAnswersKeepTheConnections(t *testing.T) {
	each(t, func(t *testing.T, proto string) {
		r, l := overLossy(t, proto, Endpoint{Timeout: 2 * time.Second}, func(w http.ResponseWriter, g got) {
			switch {
			case strings.HasPrefix(g.event.Data.ClientID, "hang"):
				time.Sleep(3 * time.Second)
			case strings.HasPrefix(g.event.Data.ClientID, "slow"):
				time.Sleep(1500 * time.Millisecond)
			}
			inAWhile(w, g)
		})
		const busy = 12
		warm(r, busy)
		before, began := l.dials.Load(), time.Now()
		var all sync.WaitGroup
		ctx, cancel := context.WithCancel(t.Context())
		all.Go(func() { r.Deliver(ctx, "/", "", from(event(protocol.Inbound, "hang", 1), "198.51.100.1", "")) })
		all.Go(func() {
			o := r.deliver(from(event(protocol.Connect, "slow", 0), "198.51.100.2", ""))
			if took := time.Since(began); o.Verdict != protocol.Delivered || took > 1700*time.Millisecond {
				t.Errorf("a slow connect: %v after %v", o.Verdict, took)
			}
		})
		for range 18 { // beside these
			warm(r, busy)
		}
		cancel()
		all.Wait()
		warm(r, busy)
		// Over HTTP/1.1 those of the two, and of the second try of one of them.
		if n := l.dials.Load() - before; n > 5 {
			t.Errorf("%d new connections", n)
		}
		failed := r.Stats()[0].Failed
		if failed > 1 {
			t.Errorf("%d attempts failed", failed)
		}
	})
}

// hangsUp answers well on each connection and closes behind that, without having said so;
// it reads what comes meanwhile.
func hangsUp(t *testing.T, answer func(n int) string) (url string, requests *atomic.Int32) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	requests = &atomic.Int32{}
	serve := func(conn net.Conn) {
		defer conn.Close()
		for n := 0; ; n++ {
			req := make([]byte, 64<<10)
			if _, err := conn.Read(req); err != nil {
				return
			}
			requests.Add(1)
			text := answer(n)
			if text == "" {
				return
			}
			_, _ = io.WriteString(conn, text)
		}
	}
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go serve(conn)
		}
	}()
	return "http://" + l.Addr().String(), requests
}

const answered = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"

// A backend that closes a kept connection instead of answering, as a balancer's idle
// time-out does, costs no attempt: the request goes again at once, over another one.
func TestHangUpBehindAnAnswerCostsNoAttempt(t *testing.T) {
	url, requests := hangsUp(t, func(n int) string { return []string{answered, ""}[n] })
	r := onLoopback(t, Endpoint{URL: url}, nil)
	for i := range 20 {
		typ := []protocol.EventType{protocol.Connect, protocol.Inbound, protocol.Close}[i%3]
		if o := r.deliver(event(typ, fmt.Sprint("c", i), 1)); o.Verdict != protocol.Delivered {
			t.Errorf("%s: %+v", typ, o)
		}
	}
	if n := counted.Of(t, r.reg, "gatepost_webhook_resent_total")["main,closed"]; n != 10 {
		t.Errorf("%v are counted as sent twice", n)
	}
	if s := r.Stats()[0]; s.Failed != 0 || requests.Load() != 30 {
		t.Errorf("%d attempts failed of %d requests; want none of 30, every second event sent twice", s.Failed, requests.Load())
	}
}

// What may have been written to a connection that was closed is owed a close, whatever the
// answer over the next.
func TestCloseIsOwedForWhatWasSentTwice(t *testing.T) {
	var second atomic.Bool
	url, _ := hangsUp(t, func(n int) string {
		switch {
		case n == 1:
			second.Store(true)
			return ""
		case second.Load():
			return "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n"
		}
		return answered
	})
	r := onLoopback(t, Endpoint{URL: url}, nil)
	r.deliver(event(protocol.Inbound, "c1", 1))
	if o := r.deliver(event(protocol.Connect, "c2", 0)); o.Verdict != protocol.Refused || !o.OwesClose {
		t.Errorf("outcome %+v", o)
	}
	if o := r.deliver(event(protocol.Connect, "c3", 0)); o.Verdict != protocol.Refused || o.OwesClose {
		t.Errorf("outcome of one that was sent once: %+v", o)
	}
}

// Over HTTP/2 a connection that ends with GOAWAY, or without, costs no attempt either.
func TestHangUpOfAnHTTP2Backend(t *testing.T) {
	backendRoots()
	type connKey struct{}
	var hits atomic.Int32
	back := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		switch hits.Add(1) {
		case 2:
			_ = req.Context().Value(connKey{}).(net.Conn).Close()
		case 4:
			w.Header().Set("Connection", "close") // net/http sends GOAWAY
		}
		_, _ = io.WriteString(w, "{}")
	}))
	back.EnableHTTP2 = true
	back.Config.ConnContext = func(ctx context.Context, c net.Conn) context.Context { return context.WithValue(ctx, connKey{}, c) }
	back.StartTLS()
	defer back.Close()
	r := onLoopback(t, Endpoint{URL: back.URL}, nil)
	r.trust(backendRoots())
	for i := range 5 {
		if o := r.deliver(event(protocol.Connect, fmt.Sprint("c", i), 0)); o.Verdict != protocol.Delivered {
			t.Errorf("outcome %+v", o)
		}
	}
	if s := r.Stats()[0]; s.Failed != 0 || hits.Load() != 6 {
		t.Errorf("%d attempts failed of %d requests", s.Failed, hits.Load())
	}
}
