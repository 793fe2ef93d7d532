package hub

import (
	"fmt"
	"net"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"gatepost/protocol"
	"gatepost/test/counted"
	"gatepost/test/wait"
)

// Frames leave in the order in which they were queued, however many at a time.
func TestFramesKeepTheirOrder(t *testing.T) {
	h := newHub(t, Options{})
	c, p := connect(t, h, "c1", "")
	const n = 5000
	go func() {
		for i := range n {
			c.Send(text(fmt.Sprint("message ", i)))
		}
	}()
	for i := range n {
		p.want(t, fmt.Sprint("message ", i))
	}
	wait.For(t, "the writer has gone", c.idle)
	if _, out := c.Traffic(); out != n {
		t.Errorf("%d messages count as sent; want %d", out, n)
	}
	if got := h.opts.Metrics.waiting.Load(); got != 0 {
		t.Errorf("%d bytes still count as waiting", got)
	}
	if c.out.waiting != nil {
		t.Errorf("the idle client keeps a buffer of %d references", cap(c.out.waiting))
	}
}

// Large and small ones mixed: no write is cut wrongly where a batch ends.
func TestBatchesOfEverySize(t *testing.T) {
	h := newHub(t, Options{SendQueue: 64 << 20})
	c, p := connect(t, h, "c1", "")
	sizes := []int{0, 1, 125, 126, batchBytes - 4, batchBytes, batchBytes + 1, 300_000, 10, 70_000, 2, 2}
	for range 20 {
		for _, size := range sizes {
			if v := c.Send(NewFrame(&protocol.Message{Binary: true, Payload: make([]byte, size)})); v != Queued {
				t.Fatalf("Send of %d bytes says %d; want Queued", size, v)
			}
		}
	}
	p.within(t, 10*time.Second)
	for range 20 {
		for _, size := range sizes {
			if got, err := p.read(); err != nil || len(got.Payload) != size {
				t.Fatalf("peer read %d bytes, %v; want %d", len(got.Payload), err, size)
			}
		}
	}
}

// A client that stops reading: every Send answers at once, what waits stays within
// the bound, it is closed with 4008, and each message is sent or counted as dropped.
func TestSlowClient(t *testing.T) {
	reg := prometheus.NewRegistry()
	const limit, messages = 256 << 10, 10_000
	h := newHub(t, Options{SendQueue: limit, Metrics: NewMetrics(reg), CloseTimeout: 50 * time.Millisecond})
	c := admit(h, "c1", "")
	server, p := tcpPair(t)
	_ = p.Conn.(*net.TCPConn).SetReadBuffer(16 << 10)
	c.Open(server, nil, nil)
	f := text(string(make([]byte, 4<<10)))
	verdicts := map[Verdict]int{}
	most := int64(0)
	for range messages {
		verdicts[c.Send(f)]++
		most = max(most, h.opts.Metrics.waiting.Load())
	}
	if verdicts[Dropped] != 1 || verdicts[Gone] == 0 {
		t.Fatalf("the verdicts are %v; want one Dropped and then Gone", verdicts)
	}
	if most > limit {
		t.Errorf("%d bytes waited; want at most %d", most, limit)
	}
	if got := c.Cause(); got.Code != protocol.CloseSlow || got.Initiator != protocol.ByGateway {
		t.Errorf("the cause is %+v; want 4008 by the gateway", got)
	}
	if _, ok := h.Client("c1"); ok {
		t.Error("the closed client is still found")
	}
	wait.For(t, "the connection is closed under its blocked writer", c.idle)
	drops := counted.Of(t, reg, "gatepost_dropped_messages_total")
	_, sent := c.Traffic()
	if got, want := int(sent)+int(drops["queue_full"]+drops["connection_lost"]), verdicts[Queued]+verdicts[Dropped]; got != want {
		t.Errorf("%d sent and dropped %v: %d; want all %d", sent, drops, got, want)
	}
	if drops["queue_full"] == 0 {
		t.Errorf("drops are %v; want some for queue_full", drops)
	}
	if got := counted.Of(t, reg, "gatepost_closes_total")["4008,gateway"]; got != 1 {
		t.Errorf("%v closes with 4008; want 1", got)
	}
}

// One that was slow, but reads on in time, gets what was on its way and then 4008.
func TestSlowClientLearnsWhy(t *testing.T) {
	h := newHub(t, Options{SendQueue: 128 << 10, CloseTimeout: 5 * time.Second})
	c, p := connect(t, h, "c1", "")
	f := text(string(make([]byte, 4<<10)))
	for c.Send(f) == Queued {
	}
	p.within(t, 5*time.Second)
	messages := 0
	for {
		got, err := p.read()
		if err != nil {
			t.Fatalf("after %d messages: %v; want a close frame", messages, err)
		}
		if got.Opcode == opClose {
			if want := fmt.Sprint("close 4008 ", causeSlow.Reason); got.String() != want {
				t.Errorf("the last frame is %q; want %q", got, want)
			}
			break
		}
		messages++
	}
	go c.Hangup()
	p.wantEnd(t)
	if _, out := c.Traffic(); int(out) != messages {
		t.Errorf("%d messages count as sent; the peer read %d", out, messages)
	}
}

// A flood of pings that nobody reads the pongs of: one pong waits, the latest.
func TestPongsDontPileUp(t *testing.T) {
	h := newHub(t, Options{})
	c := admit(h, "c1", "")
	for i := range 1000 {
		if _, err := c.WriteRaw(encode(opPong, fmt.Append(nil, i))); err != nil {
			t.Fatal(err)
		}
	}
	if got, limit := c.out.bytes, 100; got > limit {
		t.Errorf("%d bytes of pongs wait; want less than %d", got, limit)
	}
	c.Send(text("after"))
	server, p := tcpPair(t)
	c.Open(server, nil, text("welcome"))
	p.want(t, "welcome", "pong 999", "after")
	c.Close(Cause{Code: 1000}, nil, true)
}

// Behind a close frame nothing is written, whoever queued it.
func TestNothingFollowsACloseFrame(t *testing.T) {
	type write = func(*Client)
	raw := func(opcode byte, payload string) write {
		return func(c *Client) {
			wire := encode(opcode, []byte(payload))
			if n, err := c.WriteRaw(wire); n != len(wire) || err != nil {
				panic(fmt.Sprint("WriteRaw: ", n, err))
			}
		}
	}
	closing := func(c *Client) { c.Close(Cause{Code: 4100, Reason: "bye"}, text("last"), false) }
	echo := raw(opClose, "\x03\xe8")
	tests := []struct {
		name   string
		writes []write
		want   []string
	}{
		{"a pong", []write{closing, raw(opPong, "late")}, []string{"last", "close 4100 bye"}},
		{"the echo of the answer", []write{closing, echo}, []string{"last", "close 4100 bye"}},
		{"our close behind an echo", []write{echo, closing}, []string{"close 1000 "}},
		{"a message behind an echo", []write{echo, func(c *Client) { c.Send(text("late")) }}, []string{"close 1000 "}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			h := newHub(t, Options{})
			c, p := connect(t, h, "c1", "")
			for _, w := range tt.writes {
				w(c)
			}
			p.want(t, tt.want...)
			go c.Hangup()
			p.wantEnd(t)
		})
	}
}

// A delivery to a client with nothing to do costs no memory.
func TestDeliveryAllocatesNothing(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector makes sync.Pool forget at random")
	}
	h := newHub(t, Options{})
	c, p := connect(t, h, "c1", "")
	go func() {
		buf := make([]byte, 64<<10)
		for {
			if _, err := p.Conn.Read(buf); err != nil {
				return
			}
		}
	}()
	f := text("hello")
	deliver := func() {
		c.Send(f)
		for !c.idle() {
			time.Sleep(10 * time.Microsecond)
		}
	}
	if got := testing.AllocsPerRun(200, deliver); got > 0 {
		t.Errorf("a delivery makes %v allocations; want none", got)
	}
}
