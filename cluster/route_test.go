package cluster

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"gatepost/test/tcp"
	"gatepost/test/wait"
)

// nameServer is a resolver.
type nameServer struct {
	mu    sync.Mutex
	names map[string][]string
}

func (r *nameServer) LookupHost(_ context.Context, host string) ([]string, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if found, ok := r.names[host]; ok {
		return slices.Clone(found), nil
	}
	return nil, &net.DNSError{Err: "no such host", Name: host, IsNotFound: true}
}

func (r *nameServer) set(host string, addresses ...string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.names[host] = addresses
}

// Nodes find each other by a name that gets more and more addresses, and by IPv6.
func TestPeersByName(t *testing.T) {
	t.Parallel()
	port := tcp.FreePort(t)
	names := &nameServer{names: map[string][]string{}}
	r := newRig(t, newOutside(t), 3)
	r.timing = calm
	addresses := []string{"127.0.0.1", "127.0.0.2", "::1"}
	if l, err := net.Listen("tcp", "[::1]:0"); err != nil {
		addresses[2] = "127.0.0.3"
	} else {
		l.Close()
	}
	r.change = func(i int, o *Options) {
		o.URLs, o.ReadLost = nil, nil
		o.Listen = net.JoinHostPort(addresses[i], fmt.Sprint(port))
		o.Peers, o.resolver = []string{fmt.Sprintf("dns:app.internal:%d", port)}, names
		o.timing.meeting = 500 * time.Millisecond
	}
	names.set("app.internal", addresses[0])
	r.start(0)
	names.set("app.internal", addresses[:2]...)
	r.start(1)
	r.whole(0, 1)
	names.set("app.internal", addresses...)
	r.start(2)
	r.whole(0, 1, 2)
	// A name server that forgets some of them for a while tears nothing apart.
	names.set("app.internal")
	wait.Stays(t, "whole", quick.lease, func() bool { return r.sees(0) == "b c" && r.sees(1) == "a c" })
}

// Two nodes, of which only one dials; the secrets of each.
func routedPair(t *testing.T, first, second []string) *rig {
	r := newRig(t, newRouted(t, 2), 2)
	r.change = func(i int, o *Options) {
		o.Secrets = [][]string{first, second}[i]
		o.timing.meeting = 500 * time.Millisecond
		if i == 0 {
			o.Peers = nil
		}
	}
	r.start(0)
	r.start(1)
	return r
}

// While a secret is replaced, nodes have the old one, both, and the new one; each
// finds those with which it has one in common, whoever dials.
func TestRotation(t *testing.T) {
	t.Parallel()
	const oldOne, newOne, third = secretA, secretB, "secret-c-0123456789-0123456789-0123456789"
	for name, secrets := range map[string][2][]string{
		"same":            {{oldOne}, {oldOne}},
		"old, both":       {{oldOne}, {newOne, oldOne}},
		"both, old":       {{newOne, oldOne}, {oldOne}},
		"added":           {{oldOne, newOne}, {oldOne}},
		"both in orders":  {{newOne, oldOne}, {oldOne, newOne}},
		"new, both":       {{newOne}, {newOne, oldOne}},
		"both, new":       {{newOne, oldOne}, {newOne}},
		"one of each two": {{third, oldOne}, {newOne, oldOne}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			routedPair(t, secrets[0], secrets[1]).whole(0, 1)
		})
	}
}

// On an external NATS too.
func TestRotationOutside(t *testing.T) {
	t.Parallel()
	r := newRig(t, newOutside(t), 3)
	r.timing = calm
	r.change = func(i int, o *Options) { o.Secrets = [][]string{{secretA}, {secretB, secretA}, {secretA, secretB}}[i] }
	r.start(0, 1, 2)
	r.whole(0, 1, 2)
	for i := range 3 {
		for j := range 3 {
			if a := r.nodes[i].Call(t.Context(), []string{r.tag(j)}, []byte("x")); i != j && a[0].Err != nil {
				t.Errorf("%d to %d: %v", i, j, a[0].Err)
			}
		}
	}
}

// Another secret: refused, and each side says so once.
func TestOtherSecret(t *testing.T) {
	t.Parallel()
	t.Run("embedded", func(t *testing.T) {
		t.Parallel()
		r := routedPair(t, []string{secretA}, []string{secretB})
		wait.Within(t, patience, "log lines of both", func() bool {
			return r.log.Count(errStranger.Error()) > 0 && r.log.Count("doesn't accept this node") > 0
		})
		wait.Stays(t, "they stay apart", 3*time.Second, func() bool { return r.sees(0) == "" && r.sees(1) == "" })
		if n := r.log.Count("a route was refused"); n != 2 {
			t.Errorf("%d log lines, want one of each", n)
		}
	})
	t.Run("external", func(t *testing.T) {
		t.Parallel()
		r := newRig(t, newOutside(t), 2)
		r.change = func(i int, o *Options) { o.Secrets = []string{[]string{secretA, secretB}[i]} }
		r.start(0, 1)
		wait.Stays(t, "they stay apart", quick.lease, func() bool { return r.sees(0) == "" && r.sees(1) == "" })
	})
}

// What isn't a node comes to the route port: refused, said once, and no harm.
func TestStrangers(t *testing.T) {
	t.Parallel()
	r := newRig(t, newRouted(t, 2), 2)
	r.timing = calm
	r.start(0, 1)
	r.whole(0, 1)
	address := r.on.(*routed).addrs[0]
	visit := func(do func(net.Conn)) {
		conn, err := net.Dial("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		_ = conn.SetDeadline(time.Now().Add(patience))
		do(conn)
	}
	for range 10 {
		visit(func(net.Conn) {}) // a port scan
		visit(func(c net.Conn) { _, _ = c.Write([]byte("GET / HTTP/1.1\r\n\r\n")); _, _ = c.Read(make([]byte, 100)) })
		visit(func(c net.Conn) { _, _ = c.Write([]byte("CONNECT {}\r\nPING\r\n")); _, _ = c.Read(make([]byte, 100)) })
		visit(func(c net.Conn) { // TLS, but no certificate
			x := tls.Client(c, &tls.Config{InsecureSkipVerify: true})
			_, err := x.Write([]byte("CONNECT {}\r\n"))
			if err == nil {
				_, err = x.Read(make([]byte, 100))
			}
			if err == nil {
				t.Error("a stranger without a certificate is answered")
			}
		})
		visit(func(c net.Conn) { // a node of another cluster
			config := routeTLS(mustKeys(t, secretB))
			config.VerifyConnection = nil
			x := tls.Client(c, config)
			_, err := x.Write([]byte("CONNECT {}\r\n"))
			if err == nil {
				_, err = x.Read(make([]byte, 100))
			}
			if err == nil || !strings.Contains(err.Error(), "bad certificate") {
				t.Errorf("a stranger with a certificate: %v", err)
			}
		})
	}
	if n := r.log.Count("a route was refused"); n != 1 {
		t.Errorf("%d log lines of one address, want 1", n)
	}
	if r.log.Count("127.0.0.1") == 0 {
		t.Error("no line names the address")
	}
	r.whole(0, 1)
}

// The client port is this process's alone.
func TestClientPortNeedsTheToken(t *testing.T) {
	t.Parallel()
	r := newRig(t, newRouted(t, 1), 1)
	r.start(0)
	conn, err := net.Dial("tcp", r.nodes[0].bus.engine.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(patience))
	b := make([]byte, 4096)
	_, _ = conn.Read(b) // INFO
	_, _ = conn.Write([]byte("CONNECT {\"verbose\":false}\r\nPING\r\n"))
	n, _ := conn.Read(b)
	if !strings.Contains(string(b[:n]), "Authorization Violation") {
		t.Errorf("got %q", b[:n])
	}
}

func TestKeysGiveNothingAway(t *testing.T) {
	keys := mustKeys(t, secretA, secretB)
	again := mustKeys(t, secretA)
	if keys[0].id != again[0].id || !keys[0].public.Equal(again[0].public) || keys[0].id == keys[1].id {
		t.Error("a key isn't a function of its secret")
	}
	if strings.Contains(string(keys[0].certificate.Certificate[0]), secretA) {
		t.Error("the certificate holds the secret")
	}
}

// A name of peers that nobody knows is told of, once.
func TestUnknownNameOfPeers(t *testing.T) {
	t.Parallel()
	r := newRig(t, newOutside(t), 1)
	names := &nameServer{names: map[string][]string{}}
	port := tcp.FreePort(t)
	r.change = func(_ int, o *Options) {
		o.URLs, o.ReadLost = nil, nil
		o.Listen = fmt.Sprintf("127.0.0.1:%d", port)
		o.Peers, o.resolver = []string{fmt.Sprintf("dns:mistyped.internal:%d", port)}, names
		o.timing.meeting = o.timing.resolve
	}
	r.start(0)
	told := func() int { return r.log.Count("can't be looked up") }
	wait.Within(t, patience, "the log names it", func() bool { return told() > 0 })
	wait.Stays(t, "it does so once", 10*quick.resolve, func() bool { return told() == 1 })
}
