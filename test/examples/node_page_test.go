package examples

import (
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"gatepost/test/harness"
)

// The two files of docs/node.md, as they stand there, with a real gateway: the token
// lets a client in, the signature is checked, the answer is carried out, the call gets
// through.
func TestTheBackendOfTheNodePage(t *testing.T) {
	page, err := os.ReadFile("../../docs/node.md")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	files := regexp.MustCompile("(?s)```js\n// (\\w+\\.mjs)\n.*?```").FindAllStringSubmatch(string(page), -1)
	if len(files) != 2 {
		t.Fatalf("%d files in docs/node.md", len(files))
	}
	for _, file := range files {
		code := strings.TrimSuffix(strings.TrimPrefix(file[0], "```js\n"), "```")
		if err := os.WriteFile(filepath.Join(dir, file[1]), []byte(code), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	backend, node := harness.ClosedPort(t), harness.ClosedPort(t)
	_, port, _ := strings.Cut(backend, ":")
	harness.Program(t, dir, backend, []string{"node", "backend.mjs"}, "PORT="+port, "GATEPOST_URL=http://"+node,
		"GATEPOST_SECRET="+harness.Secret, "GATEPOST_WEBHOOK_SECRET=whsec_bmV3LXNlY3JldC1vZi1zdWZmaWNpZW50LWxlbmd0aA== "+webhookSecret)
	harness.Start(t, harness.Env{"GATEPOST_ADDR": node, "GATEPOST_WEBHOOK_URL": "http://" + backend + "/gatepost", "GATEPOST_WEBHOOK_SECRET": webhookSecret})
	gateway := &harness.Node{Addr: node}

	_, err = gateway.TryConnect(t, harness.Dial{})
	if refused, ok := err.(*harness.Refused); !ok || refused.Status != http.StatusUnauthorized || refused.Body != "log in first" {
		t.Errorf("without a token: got %v", err)
	}
	token := post(t, "http://"+backend+"/gatepost-token", "")
	client := gateway.Connect(t, harness.Dial{Subprotocols: []string{"bearer", token}})
	client.Send(t, `hello "ü"`)
	if got, want := client.Text(t), `{"from":"42","text":"hello \"ü\""}`; !harness.SameJSON([]byte(got), []byte(want)) {
		t.Errorf("got %s, want %s", got, want)
	}
	if got, want := post(t, "http://"+backend+"/news", "rain"), `{"matched":1,"queued":1,"dropped":0}`; !harness.SameJSON([]byte(got), []byte(want)) {
		t.Errorf("got %s, want %s", got, want)
	}
	client.WantText(t, `{"news":"rain"}`)
	refusesUnsigned(t, backend+"/gatepost")
}

// post returns the answer to a POST, which must be 200.
func post(t *testing.T, url, body string) string {
	t.Helper()
	response, err := http.Post(url, "text/plain", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	answer, _ := io.ReadAll(response.Body)
	if response.StatusCode != http.StatusOK {
		t.Fatalf("%s: got %d %s", url, response.StatusCode, answer)
	}
	return string(answer)
}
