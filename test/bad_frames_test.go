package test

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"gatepost/test/harness"
)

// rawFrame is a frame as the wire has it: first is FIN, RSV and opcode. It is masked
// by a key of zeros, unless bare.
func rawFrame(first byte, bare bool, payload []byte) []byte {
	mask := byte(0x80)
	if bare {
		mask = 0
	}
	frame := []byte{first}
	switch n := len(payload); {
	case n < 126:
		frame = append(frame, mask|byte(n))
	case n < 1<<16:
		frame = binary.BigEndian.AppendUint16(append(frame, mask|126), uint16(n))
	default:
		frame = binary.BigEndian.AppendUint64(append(frame, mask|127), uint64(n))
	}
	if !bare {
		frame = append(frame, 0, 0, 0, 0)
	}
	return append(frame, payload...)
}

// rawConnect makes a handshake by hand and reads the welcome away.
func rawConnect(t *testing.T, node *harness.Node) (net.Conn, *bufio.Reader) {
	t.Helper()
	conn, err := net.Dial("tcp", node.Addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	_ = conn.SetDeadline(time.Now().Add(3 * harness.Patience))
	if _, err := io.WriteString(conn, "GET /ws HTTP/1.1\r\nHost: "+node.Addr+"\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"+
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	r := bufio.NewReader(conn)
	resp, err := http.ReadResponse(r, nil)
	if err != nil || resp.StatusCode != http.StatusSwitchingProtocols {
		t.Fatalf("the handshake: %v, %v", resp, err)
	}
	if opcode, payload := readFrame(t, r); opcode != 1 || !bytes.Contains(payload, []byte("welcome")) {
		t.Fatalf("the first frame has opcode %d and %q", opcode, payload)
	}
	return conn, r
}

// readFrame reads one short frame of the server's; opcode 0 is the connection's end.
func readFrame(t *testing.T, r *bufio.Reader) (opcode byte, payload []byte) {
	t.Helper()
	var head [2]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return 0, nil
	}
	length := int(head[1])
	if length == 126 {
		var extended [2]byte
		if _, err := io.ReadFull(r, extended[:]); err != nil {
			return 0, nil
		}
		length = int(binary.BigEndian.Uint16(extended[:]))
	}
	payload = make([]byte, length)
	if _, err := io.ReadFull(r, payload); err != nil {
		return 0, nil
	}
	return head[0] & 15, payload
}

// What breaks RFC 6455 is answered with the close code that it, or the contract,
// gives for it, and the backend hears of one close by the gateway.
func TestBadFrames(t *testing.T) {
	t.Parallel()
	backend := harness.NewBackend(t, echo)
	node := harness.Start(t, backend.Env(harness.Env{"GATEPOST_MAX_MESSAGE": "1KiB"}))
	const text, bin, closing, ping = 0x81, 0x82, 0x88, 0x89
	join := func(frames ...[]byte) []byte { return bytes.Join(frames, nil) }
	for _, c := range []struct {
		name  string
		bytes []byte
		code  int
	}{
		{"one byte too big", rawFrame(text, false, make([]byte, 1025)), 1009},
		{"one byte too big in two fragments", join(rawFrame(0x02, false, make([]byte, 1000)), rawFrame(0x80, false, make([]byte, 25))), 1009},
		{"a length of 2^62", append([]byte{bin, 0xff}, 0x40, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0), 1009},
		{"text that isn't UTF-8", rawFrame(text, false, []byte("caf\xe9")), 1007},
		{"text that ends within a character", rawFrame(text, false, []byte("\xe2\x82")), 1007},
		{"a surrogate in text", rawFrame(text, false, []byte("\xed\xa0\x80")), 1007},
		{"an unmasked frame", rawFrame(text, true, []byte("hello")), 1002},
		{"a reserved bit", rawFrame(text|0x40, false, []byte("hello")), 1002},
		{"a reserved opcode", rawFrame(0x83, false, []byte("hello")), 1002},
		{"a reserved control opcode", rawFrame(0x8b, false, nil), 1002},
		{"a ping in fragments", rawFrame(0x09, false, []byte("hello")), 1002},
		{"a ping of 126 bytes", rawFrame(ping, false, make([]byte, 126)), 1002},
		{"a continuation of nothing", rawFrame(0x80, false, []byte("hello")), 1002},
		{"a message within a message", join(rawFrame(0x01, false, []byte("a")), rawFrame(text, false, []byte("b"))), 1002},
		{"a close code that is never sent", rawFrame(closing, false, []byte{0x03, 0xee}), 1002},
		{"a close reason that isn't UTF-8", rawFrame(closing, false, []byte("\x03\xe8caf\xe9")), 1007},
		{"another protocol", []byte("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"), 1002},
	} {
		t.Run(c.name, func(t *testing.T) {
			conn, r := rawConnect(t, node)
			id := newestClient(t, backend)
			if _, err := conn.Write(c.bytes); err != nil {
				t.Fatal(err)
			}
			opcode, payload := readFrame(t, r)
			if opcode != 8 || len(payload) < 2 {
				t.Fatalf("the answer has opcode %d and %q, not a close frame", opcode, payload)
			}
			if code := int(binary.BigEndian.Uint16(payload)); code != c.code && !(c.code == 1007 && code == 1002 && strings.Contains(c.name, "reason")) {
				t.Fatalf("closed with %d (%s), want %d", code, payload[2:], c.code)
			}
			if opcode, payload := readFrame(t, r); opcode != 0 {
				t.Errorf("behind the close frame comes opcode %d, %q", opcode, payload)
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
		rawFrame(0x01, false, []byte("10 \xe2\x82")), rawFrame(0x89, false, []byte("in between")), rawFrame(0x80, false, []byte("\xac")),
		rawFrame(0x81, false, largest), rawFrame(0x01, false, nil), rawFrame(0x80, false, nil), rawFrame(0x8a, false, []byte("a pong nobody asked for")),
	} {
		if _, err := conn.Write(frame); err != nil {
			t.Fatal(err)
		}
	}
	for _, want := range []struct {
		opcode  byte
		payload string
	}{{10, "in between"}, {1, "10 €"}, {1, string(largest)}, {1, ""}} {
		opcode, payload := readFrame(t, r)
		if opcode != want.opcode || string(payload) != want.payload {
			t.Fatalf("got opcode %d and %.50q, want %d and %.50q", opcode, payload, want.opcode, want.payload)
		}
	}
}

// A flood of pings or messages slows down whoever sends it, and closes it with
// 1008 in the end. The others don't notice; memory stays bounded.
func TestFloods(t *testing.T) {
	t.Parallel()
	for name, frame := range map[string][]byte{
		"pings":    rawFrame(0x89, false, bytes.Repeat([]byte("p"), 125)),
		"messages": rawFrame(0x81, false, []byte("m")),
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
				opcode, payload := readFrame(t, r)
				if opcode == 8 {
					if code := binary.BigEndian.Uint16(payload); code != 1008 {
						t.Errorf("closed with %d, want 1008", code)
					}
					t.Logf("closed after %d answers", answers)
					break
				}
				if opcode == 0 {
					t.Fatal("the connection ended without a close frame")
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
