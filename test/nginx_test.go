package test

import (
	"fmt"
	"os"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"gatepost/test/harness"
	"gatepost/test/wait"
)

// behindNginx is what docs/deploy.md says of nginx in front, for several nodes: servers, port.
const behindNginx = `
	upstream gatepost {
		%s
		keepalive 32;
	}
	server {
		listen %s;
		client_max_body_size 8m;
		location / {
			proxy_pass http://gatepost;
			proxy_http_version 1.1;
			proxy_set_header Connection "";
			proxy_set_header Host $http_host;
		}
		location /ws {
			proxy_pass http://gatepost;
			proxy_http_version 1.1;
			proxy_set_header Upgrade $http_upgrade;
			proxy_set_header Connection "upgrade";
			proxy_set_header Host $http_host;
			proxy_read_timeout 75s;
			proxy_send_timeout 75s;
		}
	}
`

// startNginx runs nginx in front of nodes, and gives what is reached through it.
func startNginx(t *testing.T, nodes ...*harness.Node) *harness.Node {
	t.Helper()
	addr, servers := harness.ClosedPort(t), ""
	for _, n := range nodes {
		servers += "server " + n.Addr + " max_fails=0;\n"
	}
	harness.Nginx(t, addr, fmt.Sprintf(behindNginx, servers, addr))
	return &harness.Node{Addr: addr}
}

// Through nginx a client is what it is without, and so is what it is closed with.
func TestClientsBehindNginx(t *testing.T) {
	t.Parallel()
	backend := harness.NewBackend(t, echo)
	node := harness.Start(t, backend.Env(nil))
	front := startNginx(t, node)
	api := front.API(t, "push close")

	asked, drained := front.Connect(t, harness.Dial{}), front.Connect(t, harness.Dial{})
	asked.Send(t, "hello")
	asked.WantText(t, "hello")
	api.Want(200, "", "POST", "/close", `{"clients":["`+asked.ID+`"],"code":4100,"reason":"on purpose"}`)
	if code, reason := asked.Closed(t); code != 4100 || reason != "on purpose" {
		t.Errorf("closed with %d %q", code, reason)
	}
	node.Signal(syscall.SIGTERM)
	drained.WantClosed(t, 1001)
}

// The block for pages that connect to any path, as docs/from-gatewayworker.md has it.
func TestAnyPathBehindNginx(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../docs/from-gatewayworker.md")
	if err != nil {
		t.Fatal(err)
	}
	block := regexp.MustCompile("(?s)```nginx\n(# nginx: any path\n.*?)```").FindStringSubmatch(string(page))
	if block == nil {
		t.Fatal("there is no block")
	}
	node := harness.Start(t, harness.Env{"GATEPOST_WS_PATH": "/", "GATEPOST_TOKEN_FROM": "none"})
	addr := harness.ClosedPort(t)
	harness.Nginx(t, addr, "server { listen "+addr+";\n"+strings.ReplaceAll(block[1], "127.0.0.1:8282", node.Addr)+"}")
	front := &harness.Node{Addr: addr}
	for _, path := range []string{"/", "/chat/7?token=the-application's", "/stats"} {
		client := front.Connect(t, harness.Dial{Path: path})
		node.API(t, "push").Want(200, `{"matched":1,"queued":1,"dropped":0}`, "POST", "/push", `{"clients":["`+client.ID+`"],"text":"hi"}`)
		client.WantText(t, "hi")
	}
	if r := front.API(t, "*").Do("GET", "/stats", ""); r.Status != 404 {
		t.Errorf("the API answers %d through it", r.Status)
	}
}

// nginx keeps connections to the nodes, and doesn't repeat a POST that has left. While a
// node ends, each call is answered by it or by the other one.
func TestANodeEndsBehindNginx(t *testing.T) {
	t.Parallel()
	leaves, stays := harness.Start(t, nil), harness.Start(t, nil)
	front := startNginx(t, leaves, stays)
	var (
		callers sync.WaitGroup
		calls   atomic.Int64
		over    atomic.Bool
	)
	for range 8 {
		api := front.API(t, "push")
		callers.Go(func() {
			for !over.Load() {
				r, err := api.Try("POST", "/push/uids/nobody", "hello", "content-type", "text/plain")
				if err != nil {
					t.Error(err)
					return
				}
				if r.Status != 200 {
					t.Errorf("got %d %s", r.Status, r.Body)
				}
				calls.Add(1)
			}
		})
	}
	some := func(n int64) func() bool { return func() bool { return calls.Load() > n || t.Failed() } }
	wait.For(t, "calls are answered", some(200))
	leaves.Signal(syscall.SIGTERM)
	if status := leaves.Exit(wait.Patience); status != 0 {
		t.Errorf("the exit status is %d", status)
	}
	wait.For(t, "calls are answered by the other node", some(calls.Load()+200))
	over.Store(true)
	callers.Wait()
}
