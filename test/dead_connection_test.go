package test

import (
	"crypto/tls"
	"encoding/pem"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"gatepost/test/harness"
	"gatepost/test/tcp"
)

// lossy forwards connections, and can lose those that are there without a word to either
// end, as NAT and balancers do.
type lossy struct {
	addr   string
	opened atomic.Int32
	lost   atomic.Int32 // how often
}

func newLossy(t *testing.T, to string) *lossy {
	t.Helper()
	l := tcp.Listen(t, "127.0.0.1")
	p := &lossy{addr: l.Addr().String()}
	var all sync.WaitGroup
	var mu sync.Mutex
	var open []net.Conn
	t.Cleanup(func() {
		_ = l.Close()
		mu.Lock()
		for _, c := range open {
			_ = c.Close()
		}
		mu.Unlock()
		all.Wait()
	})
	all.Go(func() {
		for {
			near, err := l.Accept()
			if err != nil {
				return
			}
			p.opened.Add(1)
			far, err := net.Dial("tcp", to)
			if err != nil {
				_ = near.Close()
				continue
			}
			mu.Lock()
			open = append(open, near, far)
			mu.Unlock()
			era := p.lost.Load()
			all.Go(func() { p.forward(far, near, era) })
			all.Go(func() { p.forward(near, far, era) })
		}
	})
	return p
}

func (p *lossy) forward(to, from net.Conn, era int32) {
	buf := make([]byte, 32<<10)
	for {
		n, err := from.Read(buf)
		if p.lost.Load() != era {
			_, _ = io.Copy(io.Discard, from)
			return
		}
		if n > 0 {
			_, _ = to.Write(buf[:n])
		}
		if err != nil {
			_ = to.Close()
			return
		}
	}
}

// secured is a proxy in front of a backend that speaks TLS and this protocol, and the file
// with its certificate.
func secured(t *testing.T, backend *harness.Backend, proto string) (addr, cert string) {
	t.Helper()
	target, err := url.Parse(backend.URL)
	if err != nil {
		t.Fatal(err)
	}
	proxy := httptest.NewUnstartedServer(&httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) { r.Out.URL.Scheme, r.Out.URL.Host = "http", target.Host },
	})
	proxy.EnableHTTP2 = proto == "h2"
	proxy.TLS = &tls.Config{NextProtos: []string{proto}}
	proxy.StartTLS()
	t.Cleanup(proxy.Close)
	cert = filepath.Join(t.TempDir(), "cert.pem")
	if err := os.WriteFile(cert, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: proxy.Certificate().Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	return proxy.Listener.Addr().String(), cert
}

// The connections to a backend that died without a word cost a message one time-out, all
// together, and no client its connect.
func TestConnectionsToTheBackendThatDiedWithoutAWord(t *testing.T) {
	t.Parallel()
	for _, proto := range []string{"http", "http/1.1", "h2"} {
		t.Run(proto, func(t *testing.T) {
			t.Parallel()
			backend := harness.NewBackend(t, echo)
			env := backend.Env(harness.Env{"GATEPOST_WEBHOOK_TIMEOUT": "3s"})
			u, _ := url.Parse(backend.URL)
			scheme, addr := "http", u.Host
			if proto != "http" {
				scheme = "https"
				addr, env["SSL_CERT_FILE"] = secured(t, backend, proto)
			}
			between := newLossy(t, addr)
			env["GATEPOST_WEBHOOK_URL"] = scheme + "://" + between.addr + "/hook"
			node := harness.Start(t, env)
			clients := make([]*harness.Client, 6)
			for i := range clients {
				clients[i] = node.Connect(t, harness.Dial{})
			}
			all := func(text string) {
				for _, c := range clients {
					c.Send(t, text)
				}
				for _, c := range clients {
					c.WantText(t, text)
				}
			}
			all("before")
			before, began := between.opened.Load(), time.Now()
			between.lost.Add(1)
			clients[0].Send(t, "after")
			late := node.Connect(t, harness.Dial{})
			if took := time.Since(began); took > 3*time.Second {
				t.Errorf("a connect took %s", took)
			}
			clients[0].WantText(t, "after")
			late.Send(t, "and then")
			late.WantText(t, "and then")
			began = time.Now()
			all("again")
			if took := time.Since(began); took > 2*time.Second {
				t.Errorf("messages took %s afterwards", took)
			}
			if between.opened.Load() == before {
				t.Error("no connection was opened")
			}
		})
	}
}

// A backend that hangs up behind each answer, without saying so, costs no second attempt.
func TestBackendThatHangsUpBehindEachAnswer(t *testing.T) {
	t.Parallel()
	backend := harness.NewBackend(t, func(d *harness.Delivery) harness.Answer {
		return harness.Answer{Write: func(w http.ResponseWriter) {
			conn, _, err := w.(http.Hijacker).Hijack()
			if err != nil {
				t.Error(err)
				return
			}
			defer conn.Close()
			_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 13\r\n\r\n"+`{"reply":"x"}`)
		}}
	})
	node := harness.Start(t, backend.Env(nil))
	clients := make([]*harness.Client, 5)
	for i := range clients {
		clients[i] = node.Connect(t, harness.Dial{})
	}
	for range 20 {
		for _, c := range clients {
			c.Send(t, "hello")
		}
		for _, c := range clients {
			c.WantText(t, "x")
		}
	}
	for _, d := range backend.Received(harness.Of("message", "")) {
		if d.Attempt != 1 {
			t.Errorf("an attempt %d", d.Attempt)
		}
	}
	all, well := node.Metric(t, "gatepost_webhook_attempts_total"), node.Metric(t, "gatepost_webhook_attempts_total", `result="2xx"`)
	if all != well || all < 105 {
		t.Errorf("%v attempts, %v answered", all, well)
	}
}
