package hub

import (
	"fmt"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"gatepost/protocol"
	"gatepost/test/frames"
)

var beatOptions = Options{PingInterval: 64 * time.Second, PongTimeout: 10 * time.Second, CloseTimeout: time.Second}

// pipe makes an open client on a pipe, whose peer reads everything and gives every
// frame to heard, if it isn't nil. It runs in a synctest bubble.
func pipe(t *testing.T, h *Hub, id string, heard func(*Client, frames.Frame)) *Client {
	t.Helper()
	server, client := net.Pipe()
	c := admit(h, id, "")
	p := newPeer(client)
	go func() {
		defer client.Close()
		for {
			got, err := p.read()
			if err != nil {
				return
			}
			if heard != nil {
				heard(c, got)
			}
		}
	}()
	c.Open(server, nil, nil)
	return c
}

func answer(c *Client, f frames.Frame) {
	if f.Opcode == opPing {
		c.Heard()
	}
}

// inBubble runs a test against a hub whose time is the bubble's, and ends all that
// it started.
func inBubble(t *testing.T, opts Options, test func(*testing.T, *Hub)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		h := New(opts)
		test(t, h)
		h.Each(func(c *Client) bool { return c.Close(Cause{Code: 1000}, nil, true) || true })
		h.Close()
		time.Sleep(time.Minute) // closing handshakes time out
	})
}

// Every client is pinged once in an interval, and they aren't all pinged at once.
func TestPingsAreSpread(t *testing.T) {
	inBubble(t, beatOptions, func(t *testing.T, h *Hub) {
		const clients = 128
		pings := make(chan string, 10*clients)
		for i := range clients {
			pipe(t, h, fmt.Sprint("c", i), func(c *Client, f frames.Frame) {
				answer(c, f)
				pings <- c.ID()
			})
		}
		byClient := map[string]int{}
		for range 64 {
			time.Sleep(time.Second)
			synctest.Wait()
			if n := len(pings); n != clients/wheelSlots {
				t.Fatalf("%d clients were pinged in one second; want %d", n, clients/wheelSlots)
			}
			for range len(pings) {
				byClient[<-pings]++
			}
		}
		for id, n := range byClient {
			if n != 1 {
				t.Errorf("client %s was pinged %d times in an interval; want once", id, n)
			}
		}
		if len(byClient) != clients {
			t.Errorf("%d clients were pinged; want %d", len(byClient), clients)
		}
	})
}

// Silence after a ping ends a connection, not before PongTimeout and not after the
// next tick; an answer keeps it, for ever.
func TestPongTimeout(t *testing.T) {
	inBubble(t, beatOptions, func(t *testing.T, h *Hub) {
		var pinged time.Time
		silent := pipe(t, h, "silent", func(_ *Client, f frames.Frame) {
			if f.Opcode == opPing {
				pinged = time.Now()
			}
		})
		alive := pipe(t, h, "alive", answer)
		for !silent.Closing() && time.Since(silent.ConnectedAt()) < time.Hour {
			time.Sleep(500 * time.Millisecond)
			synctest.Wait()
		}
		if took := time.Since(pinged); took < 10*time.Second || took > 11*time.Second {
			t.Errorf("the silent client ended %v after its ping; want 10s to 11s", took)
		}
		if got := silent.Cause(); got.Code != 1006 || got.Initiator != protocol.ByNetwork {
			t.Errorf("the cause is %+v; want 1006 by the network", got)
		}
		if !hungUp(silent) {
			t.Error("its connection is still there; want it dropped at once")
		}
		time.Sleep(time.Hour)
		if alive.Closing() {
			t.Errorf("the client that answers ended with %+v", alive.Cause())
		}
	})
}

// With more than one ping to a timeout the oldest without an answer counts.
func TestPongTimeoutOverManyPings(t *testing.T) {
	opts := Options{PingInterval: 6400 * time.Millisecond, PongTimeout: 20 * time.Second}
	inBubble(t, opts, func(t *testing.T, h *Hub) {
		var first time.Time
		silent := pipe(t, h, "silent", func(*Client, frames.Frame) {
			if first.IsZero() {
				first = time.Now()
			}
		})
		for !silent.Closing() && time.Since(silent.ConnectedAt()) < time.Hour {
			time.Sleep(50 * time.Millisecond)
			synctest.Wait()
		}
		if took := time.Since(first); took < 20*time.Second || took > 21*time.Second {
			t.Errorf("it ended %v after its first ping; want 20s to 21s", took)
		}
	})
}

// While nobody reads a client its silence says nothing; afterwards it has a whole
// PongTimeout again.
func TestPausedClientIsntTimedOut(t *testing.T) {
	inBubble(t, beatOptions, func(t *testing.T, h *Hub) {
		c := pipe(t, h, "c1", nil)
		c.PauseReading()
		time.Sleep(time.Hour)
		if c.Closing() {
			t.Fatalf("a paused client ended with %+v", c.Cause())
		}
		c.ResumeReading()
		resumed := time.Now()
		for !c.Closing() && time.Since(resumed) < time.Hour {
			time.Sleep(500 * time.Millisecond)
			synctest.Wait()
		}
		if took := time.Since(resumed); took < beatOptions.PongTimeout || took > beatOptions.PingInterval+2*beatOptions.PongTimeout {
			t.Errorf("it ended %v after the pause; want %v at least", took, beatOptions.PongTimeout)
		}
	})
}

// A connection that takes nothing: after PongTimeout it has gone, as the ping can't
// be answered. A paused client is given a whole interval, since only the writing
// side can know.
func TestStalledConnection(t *testing.T) {
	for _, tt := range []struct {
		paused bool
		want   Cause
		within time.Duration // of the ping that wasn't taken
	}{
		{false, causeNoPong, beatOptions.PongTimeout},
		{true, causeStalled, beatOptions.PingInterval},
	} {
		inBubble(t, beatOptions, func(t *testing.T, h *Hub) {
			server, client := net.Pipe()
			defer client.Close()
			c := admit(h, "c1", "")
			c.Open(server, nil, text("welcome"))
			p := newPeer(client)
			p.want(t, "welcome", "ping ") // and nothing more
			c.Heard()
			if tt.paused {
				c.PauseReading()
			}
			time.Sleep(beatOptions.PingInterval + tt.within - time.Second)
			if c.Closing() {
				t.Errorf("paused %v: it ended too early with %+v", tt.paused, c.Cause())
			}
			time.Sleep(2 * time.Second)
			if got := c.Cause(); got != tt.want {
				t.Errorf("paused %v: the cause is %+v; want %+v", tt.paused, got, tt.want)
			}
		})
	}
}

// A slow client whose ping still waits behind messages is given time as long as it
// takes them.
func TestSlowClientIsntTimedOut(t *testing.T) {
	inBubble(t, beatOptions, func(t *testing.T, h *Hub) {
		server, client := net.Pipe()
		defer client.Close()
		c := admit(h, "c1", "")
		c.Open(server, nil, nil)
		f := text(string(make([]byte, batchBytes)))
		p := newPeer(client)
		for range 10 { // always one more than it has read, for longer than any timeout
			c.Send(f)
			c.Send(f)
			for range 2 {
				time.Sleep(8 * time.Second)
				if got, err := p.read(); err == nil && got.Opcode == opPing {
					c.Heard()
				}
			}
			if c.Closing() {
				t.Fatalf("the slow client ended with %+v", c.Cause())
			}
		}
	})
}

// PingData goes out beside each ping, and counts as no message.
func TestPingData(t *testing.T) {
	opts := beatOptions
	opts.PingData = []byte(`{"type":"ping"}`)
	inBubble(t, opts, func(t *testing.T, h *Hub) {
		var got []string
		c := pipe(t, h, "c1", func(c *Client, f frames.Frame) {
			answer(c, f)
			got = append(got, f.String())
		})
		time.Sleep(2*opts.PingInterval + time.Second)
		synctest.Wait()
		if want := `["ping " "{\"type\":\"ping\"}" "ping " "{\"type\":\"ping\"}"]`; fmt.Sprintf("%q", got) != want {
			t.Errorf("the peer read %q; want %s", got, want)
		}
		if _, out := c.Traffic(); out != 0 {
			t.Errorf("%d messages count as sent; want none", out)
		}
	})
}
