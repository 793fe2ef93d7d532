package examples

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

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

// serve runs a script on PHP's built-in server and returns its address.
func serve(t *testing.T, dir, script string, env ...string) string {
	t.Helper()
	probe, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := probe.Addr().String()
	probe.Close()

	var log bytes.Buffer
	server := exec.Command("php", "-S", addr, script)
	server.Dir = dir
	server.Env = append(append(os.Environ(), "PHP_CLI_SERVER_WORKERS=4"), env...)
	server.Stdout, server.Stderr = &log, &log
	server.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // its workers end with it
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = syscall.Kill(-server.Process.Pid, syscall.SIGKILL)
		_ = server.Wait()
		if t.Failed() {
			t.Logf("php said:\n%s", &log)
		}
	})
	harness.Eventually(t, "PHP listens", func() bool {
		conn, err := net.DialTimeout("tcp", addr, time.Second)
		if err == nil {
			conn.Close()
		}
		return err == nil
	})
	return addr
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
	command.Env = append(os.Environ(), "GATEPOST_URL=http://"+node.Addr, "GATEPOST_SECRET="+harness.Secret)
	out, err := command.CombinedOutput()
	return string(out), err
}

func TestPHPAnswersEvents(t *testing.T) {
	needPHP(t)
	// The new secret in front, the old one still there: a rotation under way.
	node := gateway(t, backend(t, "whsec_bmV3LXNlY3JldA== "+webhookSecret))
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
	} {
		out, err := push(t, node, append(strings.Fields(c.name), c.text)...)
		if err != nil || out != c.want {
			t.Errorf("%s: got %q, %v; want %q", c.name, out, err, c.want)
		}
		if c.text != "lost" {
			anna.WantText(t, c.text)
		}
	}
	if out, err := push(t, node, "clients", "0000000000000000", "lost"); err == nil || !strings.Contains(out, "client_gone") {
		t.Errorf("an unknown client: got %q, %v", out, err)
	}
	if out, err := push(t, node); err == nil || !strings.HasPrefix(out, "usage:") {
		t.Errorf("without arguments: got %q, %v", out, err)
	}
}

func unix(at time.Time) string { return strconv.FormatInt(at.Unix(), 10) }

// signature is what webhookSecret makes of an event with the id "e".
func signature(t *testing.T, timestamp, body string) string {
	t.Helper()
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(webhookSecret, "whsec_"))
	if err != nil {
		t.Fatal(err)
	}
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte("e." + timestamp + "." + body))
	return "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

// What isn't signed by the gateway, just now, is answered 401 and does nothing.
func TestPHPRefusesWhatIsNotSigned(t *testing.T) {
	needPHP(t)
	addr := backend(t, webhookSecret)
	now := time.Now().UTC()
	body := `{"type":"message","id":"e","data":{}}`
	for _, c := range []struct {
		name, timestamp, signature string
	}{
		{"no signature", unix(now), ""},
		{"another's signature", unix(now), "v1,AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="},
		{"no timestamp", "", "v1,AAAA"},
		{"signed too long ago", unix(now.Add(-6 * time.Minute)), signature(t, unix(now.Add(-6*time.Minute)), body)},
		{"signed for later", unix(now.Add(6 * time.Minute)), signature(t, unix(now.Add(6*time.Minute)), body)},
		{"no number", "+" + unix(now), signature(t, "+"+unix(now), body)},
	} {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+addr+"/", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("webhook-id", "e")
		request.Header.Set("webhook-timestamp", c.timestamp)
		request.Header.Set("webhook-signature", c.signature)
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		answer, _ := io.ReadAll(response.Body)
		response.Body.Close()
		if response.StatusCode != http.StatusUnauthorized || strings.Contains(string(answer), "whsec_") {
			t.Errorf("%s: got %d %s", c.name, response.StatusCode, answer)
		}
	}
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
