package hub

import (
	"fmt"
	"math/rand/v2"
	"net"
	"testing"
	"testing/synctest"
)

// Whatever is queued, and however slowly it is read: messages keep their order,
// and of the pongs the latest is sent, each at the place of one that waited.
func TestPongsAmongMessages(t *testing.T) {
	for seed := range uint64(10) {
		synctest.Test(t, func(t *testing.T) {
			h := New(untilOptions)
			defer h.Close()
			server, client := net.Pipe()
			c := admit(h, "c1", "")
			c.Open(server, nil, nil)
			pongsAmongMessages(t, c, newPeer(client), rand.New(rand.NewPCG(seed, 0)))
			c.Close(Cause{Code: 1000}, nil, true)
			client.Close()
		})
	}
}

func pongsAmongMessages(t *testing.T, c *Client, p *peer, r *rand.Rand) {
	sent, ponged, seen, lastPong := 0, 0, 0, 0
	read := func() {
		got, err := p.read()
		if err != nil {
			t.Fatal(err)
		}
		if got.Opcode == opPong {
			var n int
			if _, err := fmt.Sscan(got.Payload, &n); err != nil || n <= lastPong {
				t.Fatalf("pong %q came behind pong %d", got.Payload, lastPong)
			}
			lastPong = n
			return
		}
		if want := fmt.Sprint("message ", seen); got.Payload != want {
			t.Fatalf("the peer read %q; want %q", got, want)
		}
		seen++
	}
	for range 30 {
		for range r.IntN(2 * batchFrames) {
			c.Send(text(fmt.Sprint("message ", sent)))
			sent++
			if r.IntN(20) == 0 {
				ponged++
				if _, err := c.WriteRaw(encode(opPong, fmt.Append(nil, ponged))); err != nil {
					t.Fatal(err)
				}
			}
		}
		for range r.IntN(2 * batchFrames) {
			if seen < sent {
				read()
			}
		}
	}
	for seen < sent || lastPong < ponged {
		read()
	}
	synctest.Wait()
	if !c.idle() {
		t.Errorf("%d bytes still count as waiting", c.out.bytes)
	}
}
