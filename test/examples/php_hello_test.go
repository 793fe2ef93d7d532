package examples

import (
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"

	"gatepost/test/harness"
)

const hello = "../../examples/php-hello"

// What the first page shows is what its command starts.
func TestTheFirstPageShowsTheExampleAsItIs(t *testing.T) {
	page, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"webhook.php", "push.php"} {
		code, err := os.ReadFile(hello + "/" + name)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(page), "```php\n"+string(code)+"```\n") {
			t.Errorf("README.md has another %s", name)
		}
	}
}

func TestPHPHello(t *testing.T) {
	needPHP(t)
	node := gateway(t, serve(t, hello, "webhook.php", "GATEPOST_WEBHOOK_SECRET="+webhookSecret))
	_, err := node.TryConnect(t, harness.Dial{})
	if refused, ok := err.(*harness.Refused); !ok || refused.Status != http.StatusForbidden || refused.Body != "Connect with ?name=" {
		t.Errorf("without a name: got %v", err)
	}
	anna := node.Connect(t, harness.Dial{Path: "/ws?name=anna"})
	bob := node.Connect(t, harness.Dial{Path: "/ws?name=bob"})
	anna.Send(t, `"hello" <b>ü</b>`)
	for _, client := range []*harness.Client{anna, bob} {
		client.WantText(t, `{"from":"anna","text":"\"hello\" <b>ü</b>"}`)
	}
	anna.Leave(t, 1000, "")
	bob.WantText(t, `{"from":"anna","text":"has left"}`)

	command := exec.CommandContext(t.Context(), "php", "push.php", "Hello from PHP")
	command.Dir = hello
	command.Env = harness.Environ("GATEPOST_URL=http://"+node.Addr, "GATEPOST_SECRET="+harness.Secret)
	if out, err := command.CombinedOutput(); err != nil || string(out) != "matched 1, queued 1, dropped 0\n" {
		t.Errorf("push.php: %q, %v", out, err)
	}
	bob.WantText(t, "Hello from PHP")
}
