package http1

import (
	"bufio"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"gatepost/protocol"
	"gatepost/test/wait"
)

// limited is a server with limits, to which peers come from several addresses. Those whose
// address ends with 9 are trusted.
type limited struct {
	*rig
	all, same atomic.Int64  // hijacked connections
	working   chan struct{} // a handler is at work
	goOn      chan struct{} // it may answer

	mu    sync.Mutex
	drops []Drop // guarded by mu
}

func runLimited(t testing.TB, total, perAddress int, young ...time.Duration) *limited {
	t.Helper()
	l := &limited{working: make(chan struct{}, 100), goOn: make(chan struct{})}
	cfg := patient
	cfg.Limits = Limits{
		Total: total, PerAddress: perAddress,
		Address: func(peer netip.Addr) (netip.Prefix, bool) {
			return protocol.Subscriber(peer), peer.As4()[3] == 9
		},
		Hijacked: func(netip.Prefix) (int, int) { return int(l.all.Load()), int(l.same.Load()) },
		Dropped: func(d Drop) {
			l.mu.Lock()
			defer l.mu.Unlock()
			l.drops = append(l.drops, d)
		},
	}
	for _, cfg.Limits.Young = range young {
	}
	l.rig = run(t, cfg, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/work":
			l.working <- struct{}{}
			<-l.goOn
		case "/read":
			l.working <- struct{}{}
			_, _ = io.Copy(io.Discard, r.Body)
		case "/much":
			_, _ = w.Write(make([]byte, 64<<20))
		case "/nowhere":
			w.WriteHeader(http.StatusNotFound)
		}
	})
	return l
}

// peerOf is a peer's connection.
type peerOf struct {
	t testing.TB
	*net.TCPConn
	r *bufio.Reader
	c *conn // the server's end
}

// from connects from 127.0.0.host, and waits until the server has let it in.
func (l *limited) from(t testing.TB, host int) *peerOf {
	t.Helper()
	p := l.knock(t, host)
	p.c = l.conn(p)
	return p
}

// knock connects from there.
func (l *limited) knock(t testing.TB, host int) *peerOf {
	t.Helper()
	d := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, byte(host))}}
	conn, err := d.Dial("tcp", l.addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	_ = conn.SetDeadline(time.Now().Add(within))
	return &peerOf{t: t, TCPConn: conn.(*net.TCPConn), r: bufio.NewReader(conn)}
}

// conn is the server's end.
func (l *limited) conn(p *peerOf) (end *conn) {
	p.t.Helper()
	wait.For(p.t, "the connection is let in", func() bool {
		for _, c := range l.open() {
			if c.remote == p.LocalAddr().String() {
				end = c
			}
		}
		return end != nil
	})
	return end
}

// call has a request answered, and says whether it is the last.
func (p *peerOf) call(path string) (last bool) {
	p.t.Helper()
	send(p.t, p, "GET "+path+" HTTP/1.1\r\nHost: x\r\n\r\n")
	if _, last = answered(p.t, p.r); !last {
		wait.For(p.t, "the server waits for another request", func() bool { return p.c.state.Load() != stateAnswer })
	}
	return last
}

// gone waits for the server to close the connection.
func (p *peerOf) gone(what string) {
	p.t.Helper()
	if _, err := io.Copy(io.Discard, p.r); err != nil && strings.Contains(err.Error(), "timeout") {
		p.t.Fatalf("%s: the connection is open", what)
	}
}

// there sees that the connection is open.
func (p *peerOf) there() {
	p.t.Helper()
	if p.call("/") {
		p.t.Error("the connection carries no other request")
	}
}

// begin sends a part of a request, and waits until the server has seen it.
func (p *peerOf) begin(part string) {
	p.t.Helper()
	send(p.t, p, part)
	wait.For(p.t, "it has begun", func() bool {
		state := p.c.state.Load()
		switch {
		case strings.Contains(part, "/much"):
			return state == stateAnswer
		case strings.Contains(part, "POST"):
			return state == stateBody
		}
		return (state == stateHeader) == (part != "")
	})
}

// Who is waited for longest goes first, whatever for; others aren't touched.
func TestTheLongestIdleGoesFirst(t *testing.T) {
	for name, part := range map[string]string{
		"nothing": "", "half a request line": "GET /", "half a header": "GET / HTTP/1.1\r\nHost: x\r\nX-Ha",
		"half a body":               "POST /read HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nhalf",
		"half a body nobody reads":  "POST /work HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nhalf",
		"half a chunk":              "POST /read HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhe",
		"an answer that isn't read": "GET /much HTTP/1.1\r\nHost: x\r\n\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			l := runLimited(t, 0, 3)
			defer close(l.goOn)
			var idle []*peerOf
			for range 3 {
				p := l.from(t, 2)
				p.begin(part)
				idle = append(idle, p)
			}
			other, last := l.from(t, 3), l.from(t, 2)
			idle[0].gone("the first")
			last.there()
			l.from(t, 2)
			idle[1].gone("the second")
			other.there()
			last.there()
		})
	}
}

// Who has got an answer that is of use goes after who hasn't.
func TestWhoWasOfUseGoesLast(t *testing.T) {
	l := runLimited(t, 0, 3)
	used, unused, useless := l.from(t, 2), l.from(t, 2), l.from(t, 2)
	used.there()
	useless.call("/nowhere")
	again := l.from(t, 2)
	unused.gone("the one without a request")
	again.there()
	l.from(t, 2)
	useless.gone("the one that asked for nothing that there is")
	used.there()
	again.there()
}

// So it is too where the others have only just come.
func TestWhoWasOfUseGoesAfterTheYoung(t *testing.T) {
	const young = 200 * time.Millisecond
	for name, hosts := range map[string][]int{"one address": {2, 2, 2, 2}, "several": {2, 3, 4, 5}} {
		t.Run(name, func(t *testing.T) {
			l := runLimited(t, 3, 0, young)
			used := l.from(t, hosts[0])
			used.there()
			wait.For(t, "it isn't young any more", func() bool { return time.Since(l.begun)-time.Duration(used.c.since.Load()) > young })
			unused := l.from(t, hosts[1])
			l.from(t, hosts[2])
			l.from(t, hosts[3]).there()
			unused.gone("the one without a request")
			used.there()
		})
	}
}

func TestUseMakesYoung(t *testing.T) {
	l := runLimited(t, 0, 2)
	first, second := l.from(t, 2), l.from(t, 2)
	first.there()
	second.there()
	first.there()
	l.from(t, 2).there()
	second.gone("the one that was used before the other")
	first.there()
}

// Whose request has come is answered. One connection more carries one request, and who
// waits with it goes first.
func TestWorkIsNotClosed(t *testing.T) {
	l := runLimited(t, 0, 2)
	var busy []*peerOf
	for range 2 {
		p := l.from(t, 2)
		send(t, p, "GET /work HTTP/1.1\r\nHost: x\r\n\r\n")
		await(t, l.working, "the handler works")
		busy = append(busy, p)
	}
	silent, more := l.from(t, 2), l.from(t, 2)
	silent.gone("the one beyond the limit that says nothing")
	if !more.call("/") {
		t.Error("one beyond the limit carries another request")
	}
	more.gone("the one beyond the limit")
	close(l.goOn)
	for _, p := range busy {
		if _, last := answered(t, p.r); last {
			t.Error("a connection within the limit carries no other request")
		}
	}
}

// Connections that were hijacked count.
func TestHijackedCount(t *testing.T) {
	l := runLimited(t, 6, 3)
	l.same.Store(2)
	first := l.from(t, 2)
	first.there()
	second := l.from(t, 2)
	first.gone("the one beside two that were hijacked")
	l.same.Store(3)
	second.there()
	third := l.from(t, 2)
	second.gone("the one beside three")
	if !third.call("/") {
		t.Error("one beside as many as there may be carries another request")
	}
	l.same.Store(0)
	l.all.Store(5)
	fourth := l.from(t, 3)
	l.from(t, 4).there()
	fourth.gone("the one beside five, where there may be six")
}

// Who has more than half of all connections loses its own, not another's.
func TestTheHeaviestLosesItsOwn(t *testing.T) {
	l := runLimited(t, 8, 0)
	victim := l.from(t, 3)
	victim.there()
	var flood []*peerOf
	for range 20 {
		p := l.from(t, 2)
		p.there()
		flood = append(flood, p)
	}
	for _, p := range flood[:13] {
		p.gone("one of the flood")
	}
	flood[13].there()
	victim.there()
	if n := l.Open(); n != 8 {
		t.Errorf("%d connections are open, want 8", n)
	}
}

// What came with a connection that has just come may not have been read: it isn't closed
// for one more of its address, and for one more of all only once it is clear that nothing
// came.
func TestTheYoungAreSpared(t *testing.T) {
	l := runLimited(t, 0, 2, 100*time.Millisecond)
	var all []*peerOf
	for range 6 {
		all = append(all, l.from(t, 2))
	}
	all[5].call("/")
	all[4].call("/")
	for _, p := range all[:2] {
		p.gone("the longest idle, in the end")
	}
	all[5].gone("one beyond the limit, after its request")
	wait.For(t, "the limit holds", func() bool { return l.Open() <= 2 })

	l = runLimited(t, 2, 0, 100*time.Millisecond)
	first, second := l.from(t, 2), l.from(t, 2)
	third := l.from(t, 2)
	first.gone("the longest idle, in the end")
	second.there()
	third.there()
}

// Trusted peers count by no address, and go last.
func TestTrustedGoLast(t *testing.T) {
	l := runLimited(t, 4, 1)
	var proxied []*peerOf
	for range 3 {
		proxied = append(proxied, l.from(t, 9))
	}
	own := l.from(t, 2)
	own.there()
	proxied = append(proxied, l.from(t, 9))
	own.gone("the one that isn't trusted")
	l.from(t, 9)
	proxied[0].gone("the first of the proxy's")
	for _, p := range proxied[1:] {
		p.there()
	}
}

// Where nobody can go, who comes does.
func TestNoRoomAtAll(t *testing.T) {
	l := runLimited(t, 2, 0)
	for host := range 2 {
		p := l.from(t, 2+host)
		send(t, p, "GET /work HTTP/1.1\r\nHost: x\r\n\r\n")
		await(t, l.working, "the handler works")
	}
	l.knock(t, 4).gone("the one without room")
	close(l.goOn)
	l.mu.Lock()
	defer l.mu.Unlock()
	if got, want := fmt.Sprint(l.drops), "[{127.0.0.4/32 true 0 true}]"; got != want {
		t.Errorf("told of %s, want %s", got, want)
	}
}

// Whatever happens at once: the limits hold, what was closed isn't counted, and nothing is
// left of it.
func TestLimitsHold(t *testing.T) {
	const perAddress, total = 5, 12
	l := runLimited(t, total, perAddress)
	close(l.goOn)
	var peers sync.WaitGroup
	for n := range 40 {
		peers.Go(func() {
			for range 10 {
				conn := l.knock(t, 2+n%4)
				for range rand.IntN(3) {
					part := []string{"GET / HTTP/1.1\r\nHost: x\r\n\r\n", "GET /", "POST /read HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nx", ""}[rand.IntN(4)]
					_, _ = io.WriteString(conn, part) // it may be closed
				}
				if n := l.Open(); n > total {
					t.Errorf("%d connections are open", n)
				}
				if rand.IntN(2) == 0 {
					conn.Close()
				}
			}
		})
	}
	peers.Wait()
	wait.For(t, "the limits hold", func() bool {
		l.Server.mu.Lock()
		defer l.Server.mu.Unlock()
		for _, own := range l.byAddress {
			if len(own) > perAddress {
				return false
			}
		}
		return l.leaving == 0
	})
	l.Close()
	wait.For(t, "nothing is left", func() bool {
		l.Server.mu.Lock()
		defer l.Server.mu.Unlock()
		return len(l.conns) == 0 && len(l.byAddress) == 0 && l.leaving == 0
	})
}
