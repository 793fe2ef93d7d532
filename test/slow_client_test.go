package test

import (
	"errors"
	"fmt"
	"net"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"gatepost/test/harness"
	"gatepost/test/wait"
)

// A client that stops reading under 10,000 pushes costs a bounded memory: it is
// closed with 4008, what it lost is counted, and a push to it never waits. Its
// group's other member gets everything.
func TestClientThatStopsReading(t *testing.T) {
	backend := harness.NewBackend(t, func(d *harness.Delivery) harness.Answer {
		if d.Event.Type == "connect" {
			return harness.JSON(map[string]any{"groups": []string{"room"}})
		}
		return harness.Answer{}
	})
	node := harness.Start(t, backend.Env(nil))
	deaf, deafID := connectUnread(t, node)
	sleepy, sleepyID := connectUnread(t, node)
	reader := node.Connect(t, harness.Dial{})
	api := node.API(t, "push")

	const pushes = 10_000
	before := node.RSS(t)
	var slowest time.Duration
	var peak int64
	woken := make(chan error, 1)
	dropped := 0
	for i := range pushes {
		begun := time.Now()
		answer := string(api.Want(200, "", "POST", "/push/groups/room", payload(i)).Body)
		slowest = max(slowest, time.Since(begun))
		if dropped == 0 && !strings.Contains(answer, `"dropped":0`) {
			dropped = i
			go func() { woken <- readToEnd(sleepy) }()
		}
		if i%500 == 0 {
			peak = max(peak, node.RSS(t))
			reachable(t, node, deafID)
		}
	}
	t.Logf("dropped from push %d on; slowest push %s; memory %d MiB before, %d MiB at most", dropped, slowest, before>>20, peak>>20)
	if dropped == 0 {
		t.Fatal("no push was dropped: the clients' queues have no bound")
	}
	if slowest > 2*time.Second {
		t.Errorf("a push took %s", slowest)
	}
	if grown := peak - before; grown > 64<<20 && !harness.Race {
		t.Errorf("the node grew by %d MiB", grown>>20)
	}
	for i := range pushes {
		reader.WantText(t, payload(i))
	}

	for _, id := range []string{deafID, sleepyID} {
		if info := backend.AwaitOne(t, "close", id).Data.Close; info.Code != 4008 || info.Initiator != "gateway" {
			t.Errorf("client %s: the close event says %d by %s", id, info.Code, info.Initiator)
		}
	}
	var closed *websocket.CloseError
	if err := <-woken; !errors.As(err, &closed) || closed.Code != 4008 {
		t.Errorf("the client that went on reading in time saw %v, want 4008", err)
	}
	// The one that never reads isn't waited for.
	wait.For(t, "the deaf client's connection is gone", func() bool { return !node.Holds(t, deaf.NetConn()) })
	if n := node.Metric(t, "gatepost_dropped_messages_total", `reason="queue_full"`); n < 1 {
		t.Errorf("the metrics count %v drops", n)
	}
	if n := node.Metric(t, "gatepost_send_queue_bytes"); n != 0 {
		t.Errorf("%v bytes still count as waiting", n)
	}
	stop(t, node)
	for _, id := range []string{deafID, sleepyID} {
		if closes := backend.Received(harness.Of("close", id)); len(closes) != 1 {
			t.Errorf("client %s has %d close events", id, len(closes))
		}
	}
}

// payload is a text of 1 KiB that begins with its number.
func payload(i int) string {
	return fmt.Sprintf("%-1024d", i)
}

// connectUnread opens a connection, reads its welcome and nothing more. Its
// receive buffer is small, so that the kernel doesn't read in its stead.
func connectUnread(t *testing.T, node *harness.Node) (*websocket.Conn, string) {
	t.Helper()
	dialer := websocket.Dialer{HandshakeTimeout: wait.Patience, NetDial: (&net.Dialer{
		Control: func(_, _ string, raw syscall.RawConn) (err error) {
			controlErr := raw.Control(func(fd uintptr) {
				err = syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_RCVBUF, 4<<10)
			})
			return errors.Join(err, controlErr)
		},
	}).Dial}
	conn, _, err := dialer.Dial("ws://"+node.Addr+"/ws", nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	var welcome struct {
		ClientID string `json:"client_id"`
	}
	if err := conn.ReadJSON(&welcome); err != nil {
		t.Fatal(err)
	}
	return conn, welcome.ClientID
}

// readToEnd reads until the connection ends and says how.
func readToEnd(conn *websocket.Conn) error {
	_ = conn.SetReadDeadline(time.Now().Add(wait.Patience))
	for {
		if _, _, err := conn.ReadMessage(); err != nil {
			return err
		}
	}
}

// reachable pushes to one client and checks that the answer comes at once,
// whichever it is.
func reachable(t *testing.T, node *harness.Node, id string) {
	t.Helper()
	begun := time.Now()
	r := node.API(t, "push").Do("POST", "/push/clients/"+id, "are you there?")
	if took := time.Since(begun); took > 2*time.Second {
		t.Errorf("a push to the slow client took %s", took)
	}
	if r.Status != 200 && r.Status != 404 {
		t.Errorf("a push to the slow client is answered %d: %s", r.Status, r.Body)
	}
}
