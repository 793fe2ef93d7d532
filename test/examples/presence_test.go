package examples

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"gatepost/test/harness"
	"gatepost/test/wait"
)

const phpChat = "../../examples/php-chat"

// onlineList is the online list of a running examples/php-chat.
type onlineList struct {
	addr    string
	version int // the highest seen
}

func newOnlineList(t *testing.T) *onlineList {
	t.Helper()
	return &onlineList{addr: serve(t, phpChat, "webhook.php",
		"GATEPOST_WEBHOOK_SECRET="+webhookSecret, "CHAT_DB="+filepath.Join(t.TempDir(), "var", "chat.sqlite"))}
}

func (l *onlineList) read(t *testing.T) string {
	t.Helper()
	res, err := http.Get("http://" + l.addr + "/online")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, _ := io.ReadAll(res.Body)
	var list struct {
		Version int
		Clients json.RawMessage
	}
	if err := json.Unmarshal(body, &list); err != nil || list.Version < l.version {
		t.Fatalf("after version %d: %v, %s", l.version, err, body)
	}
	l.version = list.Version
	return string(list.Clients)
}

// becomes waits until the list says who has how many clients.
func (l *onlineList) becomes(t *testing.T, want string) {
	t.Helper()
	wait.For(t, "the list says "+want, func() bool { return l.read(t) == want })
}

// The online list of examples/php-chat is right in the end, whatever died: a
// gateway that is killed and starts again, a window that is cut off, a gateway
// that drains.
func TestPHPPresence(t *testing.T) {
	needPHP(t)
	list := newOnlineList(t)
	node := gateway(t, list.addr)
	join := func(name string) *harness.Client {
		t.Helper()
		return node.Connect(t, harness.Dial{Subprotocols: []string{"bearer", harness.ClientToken(t, name, nil)}})
	}
	join("anna")
	second := join("anna")
	join("42")
	list.becomes(t, `{"42":1,"anna":2}`)
	second.Cut()
	list.becomes(t, `{"42":1,"anna":1}`)

	node.Kill()
	if got := list.read(t); got != `{"42":1,"anna":1}` {
		t.Errorf("while nobody can tell it, the list says %s", got)
	}
	node = node.Restart(t, nil)
	list.becomes(t, `{}`)

	join("bob")
	list.becomes(t, `{"bob":1}`)
	node.Signal(syscall.SIGTERM)
	if status := node.Exit(10 * time.Second); status != 0 {
		t.Errorf("exit status %d", status)
	}
	list.becomes(t, `{}`)
}

// Events that come twice, or too late, change nothing.
func TestPHPPresenceWithLateEvents(t *testing.T) {
	needPHP(t)
	list := newOnlineList(t)
	for _, c := range []struct {
		id, kind, client string
		seq              int
		want             string
	}{
		{"1", "connect", "a", 0, `{"anna":1}`},
		{"1", "connect", "a", 0, `{"anna":1}`}, // its answer was lost
		{"1 again", "connect", "a", 0, `{"anna":1}`},
		{"2", "close", "b", 3, `{"anna":1}`}, // its connect is still on its way
		{"3", "connect", "b", 0, `{"anna":1}`},
		{"4", "close", "a", 7, `{}`},
		{"1 later", "connect", "a", 0, `{}`}, // replayed
		{"4", "close", "a", 7, `{}`},
		{"5", "connect", "c", 0, `{"anna":1}`},
	} {
		body := fmt.Sprintf(`{"type":%q,"id":%q,"timestamp":"2026-11-22T12:00:00.000Z","data":{"client_id":%q,"seq":%d,"uid":"anna","groups":[],"session":{},
			"remote_addr":"127.0.0.1","remote_port":1,"connected_at":"2026-11-22T12:00:00.000Z","node":"n","uid_remaining":0,
			"request":{"path":"/ws","query":{},"raw_query":"","headers":{},"cookies":{},"subprotocols":[],"claims":null},
			"close":{"code":1000,"reason":"","initiator":"client","duration_ms":1,"messages_in":0,"messages_out":0}}}`, c.kind, c.id, c.client, c.seq)
		now := unix(time.Now())
		request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+list.addr+"/", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("content-type", "application/json")
		request.Header.Set("webhook-id", c.id)
		request.Header.Set("webhook-timestamp", now)
		request.Header.Set("webhook-signature", signatureOf(t, c.id, now, body))
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		answer, _ := io.ReadAll(response.Body)
		response.Body.Close()
		if response.StatusCode != http.StatusOK {
			t.Errorf("%s %s: %d %s", c.kind, c.id, response.StatusCode, answer)
		}
		if got := list.read(t); got != c.want {
			t.Errorf("after %s %s of %s the list says %s, want %s", c.kind, c.id, c.client, got, c.want)
		}
	}
}
