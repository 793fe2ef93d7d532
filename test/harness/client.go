package harness

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"gatepost/test/wait"
)

// Dial says how a client connects; the zero value is a plain connection to /ws.
type Dial struct {
	Path         string // with query; empty: /ws
	Header       http.Header
	Subprotocols []string
	NoWelcome    bool // the node sends none
	NoPong       bool // pings aren't answered
	Room         int  // how many messages may wait unread; 0: 16,384
}

// Frame is one message that a client received.
type Frame struct {
	Binary bool
	Data   []byte
}

// Client is one WebSocket connection, read all the time.
type Client struct {
	ID       string // from the welcome frame
	Conn     *websocket.Conn
	Response *http.Response

	t      testing.TB
	frames chan Frame
	pongs  chan struct{} // has one for each pong that no one has waited for yet
	done   chan struct{} // closed at the connection's end
	err    error         // why it ended, once done is closed
	ended  time.Time     // when, once done is closed
}

// Refused is a handshake that was answered without an upgrade.
type Refused struct {
	Status int
	Header http.Header
	Body   string
}

func (r *Refused) Error() string { return fmt.Sprintf("refused with %d: %s", r.Status, r.Body) }

// Connect opens a connection and reads its welcome.
func (n *Node) Connect(t testing.TB, d Dial) *Client {
	t.Helper()
	c, err := n.TryConnect(t, d)
	if err != nil {
		t.Fatalf("connecting to %s: %v", d.Path, err)
	}
	return c
}

// TryConnect is Connect where it may fail; the error of a handshake that was
// answered is a *Refused.
func (n *Node) TryConnect(t testing.TB, d Dial) (*Client, error) {
	t.Helper()
	if d.Path == "" {
		d.Path = "/ws"
	}
	dialer := websocket.Dialer{HandshakeTimeout: wait.Patience, Subprotocols: d.Subprotocols}
	conn, resp, err := dialer.Dial("ws://"+n.Addr+d.Path, d.Header)
	if errors.Is(err, websocket.ErrBadHandshake) {
		body, _ := io.ReadAll(io.LimitReader(resp.Body, 64<<10))
		return nil, &Refused{Status: resp.StatusCode, Header: resp.Header, Body: string(body)}
	}
	if err != nil {
		return nil, err
	}
	room := d.Room
	if room == 0 {
		room = 1 << 14
	}
	c := &Client{Conn: conn, Response: resp, t: t, frames: make(chan Frame, room), pongs: make(chan struct{}, 1), done: make(chan struct{})}
	conn.SetPongHandler(func(string) error {
		select {
		case c.pongs <- struct{}{}:
		default: // nobody waits for them
		}
		return nil
	})
	if d.NoPong {
		conn.SetPingHandler(func(string) error { return nil })
	}
	go c.read()
	t.Cleanup(func() { _ = conn.Close() })
	if d.NoWelcome {
		return c, nil
	}
	var welcome struct {
		Type     string
		ClientID string `json:"client_id"`
	}
	first, err := c.TryText(wait.Patience)
	if err != nil {
		return nil, fmt.Errorf("waiting for the welcome: %w", err)
	}
	if err := json.Unmarshal([]byte(first), &welcome); err != nil || welcome.Type != "welcome" {
		return nil, fmt.Errorf("the first frame is no welcome but %q", first)
	}
	c.ID = welcome.ClientID
	return c, nil
}

func (c *Client) read() {
	defer close(c.done)
	defer close(c.frames)
	for {
		kind, data, err := c.Conn.ReadMessage()
		if err != nil {
			c.err, c.ended = err, time.Now()
			return
		}
		c.frames <- Frame{Binary: kind == websocket.BinaryMessage, Data: data}
	}
}

// Send sends a text message.
func (c *Client) Send(t testing.TB, text string) {
	t.Helper()
	c.write(t, websocket.TextMessage, []byte(text))
}

// SendBinary sends a binary message.
func (c *Client) SendBinary(t testing.TB, data []byte) {
	t.Helper()
	c.write(t, websocket.BinaryMessage, data)
}

func (c *Client) write(t testing.TB, kind int, data []byte) {
	t.Helper()
	_ = c.Conn.SetWriteDeadline(time.Now().Add(wait.Patience))
	if err := c.Conn.WriteMessage(kind, data); err != nil {
		t.Fatalf("client %s writes: %v", c.ID, err)
	}
}

// Ping asks the node for a pong and waits for it: what was sent before it has been
// read then.
func (c *Client) Ping(t testing.TB) {
	t.Helper()
	if err := c.Conn.WriteControl(websocket.PingMessage, nil, time.Now().Add(wait.Patience)); err != nil {
		t.Fatalf("client %s pings: %v", c.ID, err)
	}
	select {
	case <-c.pongs:
	case <-time.After(wait.Patience):
		t.Fatalf("client %s waited %s for a pong", c.ID, wait.Patience)
	}
}

// Next waits for the next message.
func (c *Client) Next(t testing.TB) Frame {
	t.Helper()
	select {
	case f, ok := <-c.frames:
		if !ok {
			t.Fatalf("client %s waited for a message; the connection ended: %v", c.ID, c.err)
		}
		return f
	case <-time.After(wait.Patience):
		t.Fatalf("client %s waited %s for a message", c.ID, wait.Patience)
		return Frame{}
	}
}

// Text waits for the next message, which must be text.
func (c *Client) Text(t testing.TB) string {
	t.Helper()
	f := c.Next(t)
	if f.Binary {
		t.Fatalf("client %s got binary %q; text was expected", c.ID, f.Data)
	}
	return string(f.Data)
}

// WantText waits for the next message, which must be this text.
func (c *Client) WantText(t testing.TB, want string) {
	t.Helper()
	if got := c.Text(t); got != want {
		t.Fatalf("client %s got %q, want %q", c.ID, got, want)
	}
}

// Waiting is how many messages have come that no one has read.
func (c *Client) Waiting() int { return len(c.frames) }

// Open reports whether the connection still stands.
func (c *Client) Open() bool {
	select {
	case <-c.done:
		return false
	default:
		return true
	}
}

// EndedAt waits for the connection's end and says when it was. Any goroutine may call it.
func (c *Client) EndedAt() time.Time {
	c.t.Helper()
	select {
	case <-c.done:
		return c.ended
	case <-time.After(wait.Patience):
		c.t.Errorf("client %s waited %s for its connection's end", c.ID, wait.Patience)
		return time.Time{}
	}
}

// Closed waits for the connection's end and returns the close code and reason
// that came, 1006 where none did. What was received before is passed over.
func (c *Client) Closed(t testing.TB) (code int, reason string) {
	t.Helper()
	for patience := time.After(wait.Patience); ; {
		select {
		case _, ok := <-c.frames:
			if ok {
				continue
			}
			<-c.done
			var closed *websocket.CloseError
			if errors.As(c.err, &closed) {
				return closed.Code, closed.Text
			}
			return websocket.CloseAbnormalClosure, ""
		case <-patience:
			t.Fatalf("client %s waited %s for its connection's end", c.ID, wait.Patience)
		}
	}
}

// WantClosed waits for the connection's end, which must be by this code.
func (c *Client) WantClosed(t testing.TB, code int) {
	t.Helper()
	if got, reason := c.Closed(t); got != code {
		t.Fatalf("client %s was closed with %d (%s), want %d", c.ID, got, reason, code)
	}
}

// Leave closes the connection with a close frame of the client's own.
func (c *Client) Leave(t testing.TB, code int, reason string) {
	t.Helper()
	frame := websocket.FormatCloseMessage(code, reason)
	if err := c.Conn.WriteControl(websocket.CloseMessage, frame, time.Now().Add(wait.Patience)); err != nil {
		t.Fatalf("client %s closes: %v", c.ID, err)
	}
}

// Cut ends the TCP connection without a close frame.
func (c *Client) Cut() { _ = c.Conn.NetConn().Close() }

// TrySend is Send for a goroutine that may not end the test.
func (c *Client) TrySend(text string) error {
	_ = c.Conn.SetWriteDeadline(time.Now().Add(wait.Patience))
	return c.Conn.WriteMessage(websocket.TextMessage, []byte(text))
}

// TryText is Text, waiting so long, for a goroutine that may not end the test.
func (c *Client) TryText(within time.Duration) (string, error) {
	select {
	case f, ok := <-c.frames:
		if !ok {
			return "", fmt.Errorf("the connection ended: %w", c.err)
		}
		return string(f.Data), nil
	case <-time.After(within):
		return "", errors.New("nothing came")
	}
}
