package hub

import (
	"math"
	"testing"
	"testing/synctest"
	"time"

	"gatepost/protocol"
)

// untilOptions tick rarely, so that days pass quickly.
var untilOptions = Options{PingInterval: 64 * time.Hour, PongTimeout: time.Hour}

func inSeconds(n int64) *int64 {
	at := time.Now().Unix() + n
	return &at
}

func TestUntil(t *testing.T) {
	forever, longAgo := int64(math.MaxInt64), int64(math.MinInt64)
	tests := []struct {
		name string
		set  func(*Client)
		ends time.Duration // 0: never
	}{
		{"later", func(c *Client) { c.SetUntil(inSeconds(90)) }, 90 * time.Second},
		{"in days", func(c *Client) { c.SetUntil(inSeconds(3 * 86400)) }, 72 * time.Hour},
		{"replaced by a later one", func(c *Client) { c.SetUntil(inSeconds(10)); c.SetUntil(inSeconds(20)) }, 20 * time.Second},
		{"replaced by an earlier one", func(c *Client) { c.SetUntil(inSeconds(20)); c.SetUntil(inSeconds(10)) }, 10 * time.Second},
		{"taken back", func(c *Client) { c.SetUntil(inSeconds(10)); c.SetUntil(nil) }, 0},
		{"never in practice", func(c *Client) { c.SetUntil(&forever) }, 0},
		{"now", func(c *Client) { c.SetUntil(inSeconds(0)) }, time.Nanosecond},
		{"past", func(c *Client) { c.SetUntil(&longAgo) }, time.Nanosecond},
		{"from a reply", func(c *Client) { _ = c.Adopt(nil, nil, nil, inSeconds(30)) }, 30 * time.Second},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			inBubble(t, untilOptions, func(t *testing.T, h *Hub) {
				c := pipe(t, h, "c1", answer)
				tt.set(c)
				if tt.ends == 0 {
					time.Sleep(100 * 24 * time.Hour)
					if c.Closing() {
						t.Errorf("it ended with %+v", c.Cause())
					}
					return
				}
				time.Sleep(tt.ends - 1)
				if synctest.Wait(); tt.ends > 1 && c.Closing() {
					t.Errorf("it ended before %v", tt.ends)
				}
				time.Sleep(time.Second)
				if got := c.Cause(); got.Code != protocol.CloseUntil || got.Initiator != protocol.ByGateway {
					t.Errorf("the cause is %+v; want 4001 by the gateway", got)
				}
			})
		})
	}
}

// The token's until holds from the handshake on, and while the client connects.
func TestUntilOfTheToken(t *testing.T) {
	inBubble(t, untilOptions, func(t *testing.T, h *Hub) {
		c := h.Admit("c1", &protocol.Handshake{Until: inSeconds(5)}, time.Now(), nil)
		time.Sleep(6 * time.Second)
		if got := c.Cause().Code; got != protocol.CloseUntil {
			t.Errorf("the cause is %d; want 4001", got)
		}
		c.Leave(Cause{Code: 1006})
	})
}

// A moment that was taken back while its timer fired does nothing, and a client
// that has ended keeps no timer.
func TestUntilTakenBackTooLate(t *testing.T) {
	inBubble(t, untilOptions, func(t *testing.T, h *Hub) {
		c := pipe(t, h, "c1", answer)
		c.SetUntil(inSeconds(1))
		fired := c.until
		c.SetUntil(nil)
		time.Sleep(2 * time.Second)
		c.untilPassed(fired)
		if c.Closing() {
			t.Errorf("it ended with %+v", c.Cause())
		}
		c.SetUntil(inSeconds(10))
		c.Close(Cause{Code: 1000}, nil, false)
		if c.SetUntil(inSeconds(20)); c.until != nil {
			t.Error("the ended client still has a timer")
		}
	})
}
