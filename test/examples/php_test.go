package examples

import (
	"io"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"

	"gatepost/test/harness"
)

const (
	php           = "../../examples/php-webhook"
	webhookSecret = "whsec_ZXhhbXBsZS13ZWJob29rLXNlY3JldC1vZi0zMi1ieXRlcw=="
)

// needPHP skips the test where there is no PHP; in CI there has to be.
func needPHP(t *testing.T) {
	t.Helper()
	if _, err := exec.LookPath("php"); err == nil {
		return
	}
	if os.Getenv("CI") != "" {
		t.Fatal("php is missing (Debian: php-cli php-curl)")
	}
	t.Skip("php is missing (Debian: php-cli php-curl)")
}

// backend runs webhook.php on PHP's built-in server and returns its address.
func backend(t *testing.T, secrets string) string {
	t.Helper()
	return serve(t, php, "webhook.php", "GATEPOST_WEBHOOK_SECRET="+secrets)
}

func gateway(t *testing.T, backend string) *harness.Node {
	t.Helper()
	return harness.Start(t, harness.Env{
		"GATEPOST_WEBHOOK_URL": "http://" + backend + "/", "GATEPOST_WEBHOOK_SECRET": webhookSecret,
	})
}

// push runs push.php and returns what it printed.
func push(t *testing.T, node *harness.Node, args ...string) (string, error) {
	t.Helper()
	command := exec.CommandContext(t.Context(), "php", append([]string{"push.php"}, args...)...)
	command.Dir = php
	command.Env = harness.Environ("GATEPOST_URL=http://"+node.Addr, "GATEPOST_SECRET="+harness.Secret+"\n")
	out, err := command.CombinedOutput()
	return string(out), err
}

func TestPHPAnswersEvents(t *testing.T) {
	needPHP(t)
	// The new secret in front, the old one still there: a rotation under way.
	node := gateway(t, backend(t, "whsec_bmV3LXNlY3JldA== "+webhookSecret+"\n"))
	_, err := node.TryConnect(t, harness.Dial{})
	if refused, ok := err.(*harness.Refused); !ok || refused.Status != http.StatusForbidden || refused.Body != "Connect with ?name=" {
		t.Errorf("without a name: got %v", err)
	}
	anna := node.Connect(t, harness.Dial{Path: "/ws?name=anna"})
	bob := node.Connect(t, harness.Dial{Path: "/ws?name=bob"})

	anna.Send(t, `hello "bob" <b>ü</b>`)
	for _, client := range []*harness.Client{anna, bob} {
		client.WantText(t, `{"from":"anna","text":"hello \"bob\" <b>ü</b>"}`)
	}
	anna.Leave(t, 1000, "")
	bob.WantText(t, `{"from":"anna","text":"has left"}`)
}

func TestPHPPushes(t *testing.T) {
	needPHP(t)
	node := gateway(t, backend(t, webhookSecret))
	anna := node.Connect(t, harness.Dial{Path: "/ws?name=anna"})
	for _, c := range []struct{ name, text, want string }{
		{"groups lobby", "Hello from PHP", "matched 1, queued 1, dropped 0\n"},
		{"uids anna", "Only for anna", "matched 1, queued 1, dropped 0\n"},
		{"all", "@everybody", "matched 1, queued 1, dropped 0\n"},
		{"groups nobody", "lost", "matched 0, queued 0, dropped 0\n"},
		{"groups ../all", "lost", "matched 0, queued 0, dropped 0\n"},
		{"clients 0000000000000000", "lost", "matched 0, queued 0, dropped 0\n"},
	} {
		out, err := push(t, node, append(strings.Fields(c.name), c.text)...)
		if err != nil || out != c.want {
			t.Errorf("%s: got %q, %v; want %q", c.name, out, err, c.want)
		}
		if c.text != "lost" {
			anna.WantText(t, c.text)
		}
	}
	if out, err := push(t, node, "groups", "", "lost"); err == nil || !strings.Contains(out, "bad_name") {
		t.Errorf("a name that is none: got %q, %v", out, err)
	}
	if out, err := push(t, node); err == nil || !strings.HasPrefix(out, "usage:") {
		t.Errorf("without arguments: got %q, %v", out, err)
	}
}

// What isn't signed by the gateway, just now, is answered 401 and does nothing.
func TestPHPRefusesWhatIsNotSigned(t *testing.T) {
	needPHP(t)
	refusesUnsigned(t, backend(t, webhookSecret))
}

// A backend without a usable secret believes nobody: an empty key would verify
// what anyone signs.
func TestPHPWithoutSecretBelievesNobody(t *testing.T) {
	needPHP(t)
	for _, secrets := range []string{"", "whsec_", "whsec_%%%"} {
		node := gateway(t, backend(t, secrets))
		_, err := node.TryConnect(t, harness.Dial{Path: "/ws?name=anna"})
		if refused, ok := err.(*harness.Refused); !ok || refused.Status != http.StatusUnauthorized {
			t.Errorf("with %q: got %v", secrets, err)
		}
	}
}

func TestPHPShowsItsPage(t *testing.T) {
	needPHP(t)
	response, err := http.Get("http://" + backend(t, webhookSecret) + "/")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	page, _ := io.ReadAll(response.Body)
	if response.StatusCode != 200 || !strings.Contains(string(page), `data-gateway="ws://127.0.0.1:8080/ws"`) {
		t.Errorf("got %d %s", response.StatusCode, page)
	}
}
