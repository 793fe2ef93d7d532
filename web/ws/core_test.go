package ws

import (
	"context"
	"encoding/json"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"gatepost/auth"
	"gatepost/gateway"
	"gatepost/hub"
	"gatepost/protocol"
)

// ending is one call of Closed: the client and the cause that stays.
type ending struct {
	id    string
	cause hub.Cause
	uid   string
}

// core is a gateway of the tests: it admits whoever it is told to and passes on
// what it hears. Its clients are a real hub's.
type core struct {
	hub      *hub.Hub
	draining atomic.Bool

	connect func(ctx context.Context, hs *protocol.Handshake) (subprotocol string, err error) // nil: admitted
	open    func(c *hub.Client)                                                               // before the client is open
	message func(c *hub.Client, m protocol.Message)                                           // nil: echoed

	mu         sync.Mutex
	handshakes []*protocol.Handshake
	ended      map[string]int
	endings    chan ending
}

func (g *core) Connect(ctx context.Context, hs *protocol.Handshake) (*gateway.Admission, error) {
	g.mu.Lock()
	g.handshakes = append(g.handshakes, hs)
	g.mu.Unlock()
	a := &gateway.Admission{}
	if g.connect != nil {
		var err error
		if a.Subprotocol, err = g.connect(ctx, hs); err != nil {
			return nil, err
		}
	}
	a.Client = g.hub.Admit(protocol.NewClientID("test0000"), hs, time.Now(), nil)
	return a, nil
}

func (g *core) Open(c *hub.Client, conn net.Conn, answer []byte, heartbeat string) {
	if g.open != nil {
		g.open(c)
	}
	c.Open(conn, answer, textFrame(strings.TrimSuffix("welcome "+c.ID()+"\n"+heartbeat, "\n")))
}

func (g *core) Message(c *hub.Client, m protocol.Message) {
	if g.message != nil {
		g.message(c, m)
		return
	}
	c.Send(hub.NewFrame(&m))
}

func (g *core) Closed(c *hub.Client, cause hub.Cause) {
	c.Leave(cause)
	g.mu.Lock()
	g.ended[c.ID()]++
	g.mu.Unlock()
	g.endings <- ending{c.ID(), c.Cause(), c.Identity().UID}
}

func (g *core) Asks(string) bool { return true }

func (g *core) Draining() bool { return g.draining.Load() }

// lastHandshake is what the gateway was shown last.
func (g *core) lastHandshake(t *testing.T) *protocol.Handshake {
	t.Helper()
	g.mu.Lock()
	defer g.mu.Unlock()
	if len(g.handshakes) == 0 {
		t.Fatal("the gateway was asked for nobody")
	}
	return g.handshakes[len(g.handshakes)-1]
}

func (g *core) asked() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return len(g.handshakes)
}

// tokensByName verifies the tokens it holds.
type tokensByName map[string]*auth.ClientToken

func (ts tokensByName) VerifyClient(token string) (*auth.ClientToken, error) {
	if t, ok := ts[token]; ok {
		return t, nil
	}
	switch token {
	case foreignToken:
		return nil, &auth.WrongClaim{Problem: &protocol.Problem{Status: 401, Field: "aud", Detail: "is for something else"}, Sent: `"app"`}
	case unsignedToken:
		return nil, &auth.WrongClaim{Problem: &protocol.Problem{Status: 401, Field: "alg", Detail: "isn't taken here"}, Sent: `"none"`}
	}
	return nil, &protocol.Problem{Status: 401, Code: protocol.CodeUnauthorized, Detail: "is not one of the test's"}
}

// Tokens that the rig takes.
const (
	goodToken  = "eyJnb29k.eyJzdWIi.c2ln"
	otherToken = "eyJvdGhl.eyJzdWIi.c2ln"

	// and two that it doesn't
	foreignToken  = "eyJmb3Jl.eyJzdWIi.c2ln"
	unsignedToken = "eyJhbGci.eyJzdWIi."
)

var rigTokens = tokensByName{
	goodToken:  {UID: "42", Groups: []string{"a"}, Session: json.RawMessage(`{"n":1}`), Claims: json.RawMessage(`{"sub":"42"}`)},
	otherToken: {UID: "43", Claims: json.RawMessage(`{"sub":"43"}`)},
}
