package examples

import (
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"gatepost/test/harness"
	"gatepost/test/wait"
)

// One command starts each example with a gateway before it: its page is there, and
// a client that comes from it gets through to the backend. The command's end is
// the end of both.
func TestOneCommandStartsEachExample(t *testing.T) {
	for _, name := range []string{"node", "python", "php-hello", "php-webhook", "php-chat"} {
		t.Run(name, func(t *testing.T) {
			if strings.HasPrefix(name, "php") {
				needPHP(t)
			}
			if name == "node" { // start.sh would do it while the test waits
				harness.InstallNPM(t, "../../examples/node")
			}
			gateway, page := harness.ClosedPort(t), harness.ClosedPort(t)
			_, port, _ := strings.Cut(page, ":")
			command := harness.Program(t, "../../examples", page, []string{"./start.sh", name}, "GATEPOST="+harness.Binary(), "GATEPOST_SECRET="+harness.Secret, "GATEPOST_WEBHOOK_SECRET="+webhookSecret,
				"GATEPOST_ADDR="+gateway, "PORT="+port, "GATEPOST_DATA_DIR="+filepath.Join(t.TempDir(), "data"), "CHAT_DB="+filepath.Join(t.TempDir(), "chat.sqlite"))
			t.Cleanup(func() { // also where the test fails: what the command starts is in groups of its own
				_ = command.Signal(syscall.SIGINT)
				wait.For(t, "both end", func() bool { return !harness.Listens(gateway) && !harness.Listens(page) })
			})
			wait.For(t, "the gateway listens", func() bool { return harness.Listens(gateway) })

			response, err := http.Get("http://" + page + "/")
			if err != nil {
				t.Fatal(err)
			}
			html, _ := io.ReadAll(response.Body)
			response.Body.Close()
			if response.StatusCode != http.StatusOK || !strings.Contains(string(html), `"ws://`+gateway+`/ws"`) {
				t.Errorf("the page: %d %s", response.StatusCode, html)
			}
			dial := harness.Dial{Path: "/ws?name=anna", Header: http.Header{"Origin": {"http://" + page}}}
			hello, back := "hello", `{"from":"anna","text":"hello"}`
			if name == "php-chat" {
				dial.Path, dial.Subprotocols = "/ws", []string{"bearer", chatToken(t, page, "anna")}
				hello, back = `{"text":"hello"}`, `{"type":"say","from":"anna","text":"hello"}`
			}
			anna := (&harness.Node{Addr: gateway}).Connect(t, dial)
			if name == "php-chat" {
				anna.WantText(t, `{"type":"online","version":1,"clients":{"anna":1}}`)
			}
			anna.Send(t, hello)
			if got := anna.Text(t); !harness.SameJSON([]byte(got), []byte(back)) {
				t.Errorf("got %s, want %s", got, back)
			}

			if err := command.Signal(syscall.SIGINT); err != nil {
				t.Fatal(err)
			}
			for range 2 { // by an impatient hand
				_ = command.Signal(syscall.SIGINT)
			}
			anna.WantClosed(t, 1001)
		})
	}
}

// Unless it is told otherwise the gateway of an example listens on the loopback only.
func TestExamplesListenOnTheLoopback(t *testing.T) {
	dir := t.TempDir()
	told, stub := filepath.Join(dir, "told"), filepath.Join(dir, "gatepost")
	script := "#!/bin/sh\nprintenv GATEPOST_ADDR >" + told + "\nexec sleep 60\n"
	if err := os.WriteFile(stub, []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	page := harness.ClosedPort(t)
	_, port, _ := strings.Cut(page, ":")
	command := harness.Program(t, "../../examples", page, []string{"env", "-u", "GATEPOST_ADDR", "./start.sh", "python"},
		"GATEPOST="+stub, "GATEPOST_SECRET="+harness.Secret, "GATEPOST_WEBHOOK_SECRET="+webhookSecret, "PORT="+port)
	t.Cleanup(func() {
		_ = command.Signal(syscall.SIGINT)
		wait.For(t, "the example ends", func() bool { return !harness.Listens(page) })
	})
	var got []byte
	wait.For(t, "the gateway is started", func() bool {
		got, _ = os.ReadFile(told)
		return len(got) > 0
	})
	if want := "127.0.0.1:8080\n"; string(got) != want {
		t.Errorf("the gateway is told to listen at %q, want %q", got, want)
	}
}

// chatToken is what the chat's page fetches before it connects.
func chatToken(t *testing.T, page, name string) string {
	t.Helper()
	response, err := http.Post("http://"+page+"/token", "text/plain", strings.NewReader(name))
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	token, _ := io.ReadAll(response.Body)
	if response.StatusCode != http.StatusOK {
		t.Fatalf("no token: %d %s", response.StatusCode, token)
	}
	return string(token)
}
