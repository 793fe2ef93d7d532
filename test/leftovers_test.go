package test

import (
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"gatepost/test/harness"
	"gatepost/test/wait"
)

// A client that gives up while the backend is still asked about it leaves one
// close, whatever the backend says then, and nothing of it in the gateway.
func TestClientThatLeavesWhileItConnects(t *testing.T) {
	t.Parallel()
	for name, answer := range map[string]harness.Answer{"accepted": {}, "refused": harness.Status(403)} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			asked, answered := make(chan struct{}), make(chan struct{})
			backend := harness.NewBackend(t, func(d *harness.Delivery) harness.Answer {
				if d.Event.Type != "connect" {
					return harness.Answer{}
				}
				close(asked)
				<-answered
				return answer
			})
			node := harness.Start(t, backend.Env(nil))
			conn, err := net.Dial("tcp", node.Addr)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := io.WriteString(conn, "GET /ws HTTP/1.1\r\nHost: "+node.Addr+"\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"+
				"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"); err != nil {
				t.Fatal(err)
			}
			<-asked
			id := newestClient(t, backend)
			node.API(t, "push").Want(200, `{"matched":1,"queued":1,"dropped":0}`, "POST", "/push/clients/"+id, "nobody will read this")
			_ = conn.Close()
			close(answered)
			if name == "accepted" {
				backend.AwaitOne(t, "close", id)
			}
			wait.For(t, "the client is gone", func() bool {
				return node.API(t, "read").Do("GET", "/clients/"+id, "").Status == 404
			})
			wait.For(t, "what was pushed to it counts as dropped", func() bool {
				return node.Metric(t, "gatepost_dropped_messages_total") >= 1
			})
			stop(t, node)
			closes := len(backend.Received(harness.Of("close", id)))
			if name == "accepted" && closes != 1 || closes > 1 {
				t.Errorf("there are %d close events", closes)
			}
		})
	}
}

// When all clients have gone, in whatever way, so has everything that was kept
// for them.
func TestNothingIsLeftOfClientsThatHaveGone(t *testing.T) {
	t.Parallel()
	backend := harness.NewBackend(t, echo)
	node := harness.Start(t, backend.Env(nil))
	goroutines := func() int {
		var n int
		profile := string(harness.Get(t, node.Admin, "/debug/pprof/goroutine?debug=1").Body)
		_, _ = fmt.Sscanf(profile, "goroutine profile: total %d", &n)
		return n
	}
	node.Healthy(t, harness.Dial{})
	before := goroutines()
	if before == 0 {
		t.Fatal("the admin listener has no profile of goroutines")
	}
	const crowd = 100
	clients := make([]*harness.Client, crowd)
	api := node.API(t, "*")
	for i := range clients {
		clients[i] = node.Connect(t, harness.Dial{Path: fmt.Sprintf("/ws?token=%s", harness.ClientToken(t, fmt.Sprint(i%7), harness.Claims{"groups": []string{fmt.Sprint(i % 5)}}))})
		clients[i].Send(t, "hello")
	}
	for i, c := range clients {
		switch i % 5 {
		case 0:
			c.Leave(t, 1000, "")
		case 1:
			c.Cut()
		case 2:
			api.Want(200, "", "DELETE", "/clients/"+c.ID, "bye")
		case 3:
			api.Want(200, "", "DELETE", "/clients/"+c.ID+"?force=true", "")
		case 4:
			_ = c.Conn.UnderlyingConn().SetDeadline(time.Now()) // neither reads nor writes any more
			api.Want(200, "", "DELETE", "/clients/"+c.ID, "")
		}
	}
	backend.Await(t, crowd+1, harness.Of("close", ""))
	api.Want(200, `{"clients":[],"cursor":null}`, "GET", "/clients", "")
	api.Want(200, `{"groups":{},"cursor":null}`, "GET", "/groups", "")
	api.Want(200, `{"uids":{},"cursor":null}`, "GET", "/uids", "")
	wait.For(t, "the goroutines have gone", func() bool { return goroutines() <= before+10 })
	for _, metric := range []string{"gatepost_clients", "gatepost_send_queue_bytes"} {
		if n := node.Metric(t, metric); n != 0 {
			t.Errorf("%s is %v", metric, n)
		}
	}
}

// Many calls at once about the same few clients, uids and groups, while clients
// come and go, end in a state that is consistent.
func TestManyCallsAtOnce(t *testing.T) {
	t.Parallel()
	backend := harness.NewBackend(t, echo)
	node := harness.Start(t, backend.Env(nil))
	var (
		working sync.WaitGroup
		fixed   []*harness.Client
	)
	for range 4 {
		fixed = append(fixed, node.Connect(t, harness.Dial{}))
	}
	token := harness.APIToken(t, "*")
	for worker := range 8 {
		working.Go(func() {
			api := node.APIWith(t, token)
			for i := range 30 {
				id := fixed[(worker+i)%len(fixed)].ID
				for _, call := range [][2]string{
					{"/bind", fmt.Sprintf(`{"client_id":%q,"uid":"u%d"}`, id, i%3)},
					{"/groups/g/join", fmt.Sprintf(`{"uids":["u%d"]}`, i%3)},
					{"/push", `{"groups":["g"],"uids":["u0","u1","u2"],"text":"x"}`},
					{"/groups/g/leave", fmt.Sprintf(`{"client_id":%q}`, id)},
				} {
					if r := api.Do("POST", call[0], call[1]); r.Status != 200 {
						t.Errorf("%s %s: %d %s", call[0], call[1], r.Status, r.Body)
					}
				}
			}
		})
	}
	for range 2 {
		working.Go(func() {
			for range 15 {
				c, err := node.TryConnect(t, harness.Dial{})
				if err != nil {
					t.Error(err)
					return
				}
				c.Cut()
			}
		})
	}
	working.Wait()
	api := node.APIWith(t, token)
	wait.For(t, "only those that stayed are left", func() bool {
		return strings.HasPrefix(string(api.Do("GET", "/stats", "").Body), `{"clients":4,`)
	})
	total := 0
	for _, n := range decode[struct{ UIDs map[string]int }](t, api.Want(200, "", "GET", "/uids", "").Body).UIDs {
		total += n
	}
	if total != 4 {
		t.Errorf("the uids have %d clients together, want 4", total)
	}
	list := decode[struct {
		Clients []struct{ Groups []string }
	}](t, api.Want(200, "", "GET", "/clients?fields=groups", "").Body)
	members := 0
	for _, c := range list.Clients {
		members += len(c.Groups)
	}
	if g := decode[struct{ Clients int }](t, api.Want(200, "", "GET", "/groups/g", "").Body); g.Clients != members {
		t.Errorf("the group counts %d clients, %d say they are in it", g.Clients, members)
	}
}
