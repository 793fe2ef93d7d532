package test

import (
	"bufio"
	"bytes"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"gatepost/test/frames"
	"gatepost/test/harness"
	"gatepost/test/wait"
)

// rawConnect makes a handshake by hand and reads the welcome away.
func rawConnect(t *testing.T, node *harness.Node) (net.Conn, *bufio.Reader) {
	t.Helper()
	conn, err := net.Dial("tcp", node.Addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	_ = conn.SetDeadline(time.Now().Add(3 * wait.Patience))
	if _, err := io.WriteString(conn, "GET /ws HTTP/1.1\r\nHost: "+node.Addr+"\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"+
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	r := bufio.NewReader(conn)
	resp, err := http.ReadResponse(r, nil)
	if err != nil || resp.StatusCode != http.StatusSwitchingProtocols {
		t.Fatalf("the handshake: %v, %v", resp, err)
	}
	if first, err := frames.Read(r); err != nil || first.Opcode != frames.OpText || !strings.Contains(first.Payload, "welcome") {
		t.Fatalf("the first frame is %q, %v", first, err)
	}
	return conn, r
}

// What breaks RFC 6455 is answered with the close code that it, or the contract,
// gives for it, and the backend hears of one close by the gateway.
func TestBadFrames(t *testing.T) {
	t.Parallel()
	backend := harness.NewBackend(t, echo)
	node := harness.Start(t, backend.Env(harness.Env{"GATEPOST_MAX_MESSAGE": "1KiB"}))
	const text, bin, closing, ping = 0x81, 0x82, 0x88, 0x89
	join := func(all ...[]byte) []byte { return bytes.Join(all, nil) }
	for _, c := range []struct {
		name  string
		bytes []byte
		code  int
	}{
		{"one byte too big", frames.Masked(text, make([]byte, 1025)), 1009},
		{"one byte too big in two fragments", join(frames.Masked(0x02, make([]byte, 1000)), frames.Masked(0x80, make([]byte, 25))), 1009},
		{"a length of 2^62", append([]byte{bin, 0xff}, 0x40, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0), 1009},
		{"text that isn't UTF-8", frames.Masked(text, []byte("caf\xe9")), 1007},
		{"text that ends within a character", frames.Masked(text, []byte("\xe2\x82")), 1007},
		{"a surrogate in text", frames.Masked(text, []byte("\xed\xa0\x80")), 1007},
		{"an unmasked frame", frames.Bare(text, []byte("hello")), 1002},
		{"a reserved bit", frames.Masked(text|0x40, []byte("hello")), 1002},
		{"a reserved opcode", frames.Masked(0x83, []byte("hello")), 1002},
		{"a reserved control opcode", frames.Masked(0x8b, nil), 1002},
		{"a ping in fragments", frames.Masked(0x09, []byte("hello")), 1002},
		{"a ping of 126 bytes", frames.Masked(ping, make([]byte, 126)), 1002},
		{"a continuation of nothing", frames.Masked(0x80, []byte("hello")), 1002},
		{"a message within a message", join(frames.Masked(0x01, []byte("a")), frames.Masked(text, []byte("b"))), 1002},
		{"a close code that is never sent", frames.Masked(closing, []byte{0x03, 0xee}), 1002},
		{"a close reason that isn't UTF-8", frames.Masked(closing, []byte("\x03\xe8caf\xe9")), 1007},
		{"another protocol", []byte("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"), 1002},
	} {
		t.Run(c.name, func(t *testing.T) {
			conn, r := rawConnect(t, node)
			id := newestClient(t, backend)
			if _, err := conn.Write(c.bytes); err != nil {
				t.Fatal(err)
			}
			answer, err := frames.Read(r)
			if err != nil || answer.Opcode != frames.OpClose || len(answer.Payload) < 2 {
				t.Fatalf("the answer is %q, %v, not a close frame", answer, err)
			}
			if code := answer.Code(); code != c.code && !(c.code == 1007 && code == 1002 && strings.Contains(c.name, "reason")) {
				t.Fatalf("the answer is %q, want code %d", answer, c.code)
			}
			if more, err := frames.Read(r); err == nil {
				t.Errorf("behind the close frame comes %q", more)
			}
			_ = conn.Close()
			if info := backend.AwaitOne(t, "close", id).Data.Close; info.Initiator != "gateway" || info.Code != c.code && c.code != 1007 {
				t.Errorf("the close event says %d by %s", info.Code, info.Initiator)
			}
		})
	}
	node.Healthy(t, harness.Dial{})
}

// newestClient is the client of the last connect event.
func newestClient(t *testing.T, backend *harness.Backend) string {
	t.Helper()
	connects := backend.Received(harness.Of("connect", ""))
	return connects[len(connects)-1].Event.Data.ClientID
}

// What is unusual but allowed passes: fragments that split a character, a ping
// between them, a message of exactly the limit, no bytes at all.
func TestUnusualFrames(t *testing.T) {
	t.Parallel()
	backend := harness.NewBackend(t, echo)
	node := harness.Start(t, backend.Env(harness.Env{"GATEPOST_MAX_MESSAGE": "1KiB"}))
	conn, r := rawConnect(t, node)
	largest := bytes.Repeat([]byte("x"), 1024)
	for _, frame := range [][]byte{
		frames.Masked(0x01, []byte("10 \xe2\x82")), frames.Masked(0x89, []byte("in between")), frames.Masked(0x80, []byte("\xac")),
		frames.Masked(0x81, largest), frames.Masked(0x01, nil), frames.Masked(0x80, nil), frames.Masked(0x8a, []byte("a pong nobody asked for")),
	} {
		if _, err := conn.Write(frame); err != nil {
			t.Fatal(err)
		}
	}
	for _, want := range []string{"pong in between", "10 €", string(largest), ""} {
		if got, err := frames.Read(r); err != nil || got.String() != want {
			t.Fatalf("got %.50q, %v, want %.50q", got, err, want)
		}
	}
}

// A flood of pings or messages slows down whoever sends it, and closes it with
// 1008 in the end. The others don't notice; memory stays bounded.
func TestFloods(t *testing.T) {
	t.Parallel()
	for name, frame := range map[string][]byte{
		"pings":    frames.Masked(0x89, bytes.Repeat([]byte("p"), 125)),
		"messages": frames.Masked(0x81, []byte("m")),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			backend := harness.NewBackend(t, echo)
			node := harness.Start(t, backend.Env(harness.Env{"GATEPOST_CLIENT_RATE": "5"}))
			before := node.RSS(t)
			conn, r := rawConnect(t, node)
			id := newestClient(t, backend)
			flooded := make(chan struct{})
			go func() {
				defer close(flooded)
				flood := bytes.Repeat(frame, 1000)
				for range 10_000 { // bounded; the gateway stops reading long before
					if _, err := conn.Write(flood); err != nil {
						return
					}
				}
			}()
			other := node.Connect(t, harness.Dial{})
			other.Send(t, "beside it")
			other.WantText(t, "beside it")
			for answers := 0; ; answers++ {
				answer, err := frames.Read(r)
				if err != nil {
					t.Fatalf("the connection ended without a close frame: %v", err)
				}
				if answer.Opcode == frames.OpClose {
					if answer.Code() != 1008 {
						t.Errorf("the end is %q, want code 1008", answer)
					}
					t.Logf("closed after %d answers", answers)
					break
				}
			}
			_ = conn.Close()
			<-flooded
			if info := backend.AwaitOne(t, "close", id).Data.Close; info.Code != 1008 || info.Initiator != "gateway" {
				t.Errorf("the close event says %d by %s", info.Code, info.Initiator)
			}
			if grown := node.RSS(t) - before; grown > 64<<20 && !harness.Race {
				t.Errorf("the node grew by %d MiB", grown>>20)
			}
			node.Healthy(t, harness.Dial{})
		})
	}
}
