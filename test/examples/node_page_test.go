package examples

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"gatepost/test/harness"
)

// nodePage writes files that docs/node.md shows into a folder.
func nodePage(t *testing.T, dir, language string, names ...string) {
	t.Helper()
	page, err := os.ReadFile("../../docs/node.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		fence := "```" + language + "\n// " + name + "\n"
		_, code, found := strings.Cut(string(page), fence)
		code, _, closed := strings.Cut(code, "\n```\n")
		if !found || !closed {
			t.Fatalf("docs/node.md has no %s", name)
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(code), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// The two files of docs/node.md, as they stand there, with a real gateway: the token
// lets a client in, the signature is checked, the answer is carried out, the call gets
// through.
func TestTheBackendOfTheNodePage(t *testing.T) {
	dir := t.TempDir()
	nodePage(t, dir, "js", "gatepost.mjs", "backend.mjs")
	backend, node := harness.ClosedPort(t), harness.ClosedPort(t)
	_, port, _ := strings.Cut(backend, ":")
	harness.Program(t, dir, backend, []string{"node", "backend.mjs"}, "PORT="+port, "GATEPOST_URL=http://"+node,
		"GATEPOST_SECRET="+harness.Secret+"\n", "GATEPOST_WEBHOOK_SECRET=whsec_bmV3LXNlY3JldC1vZi1zdWZmaWNpZW50LWxlbmd0aA== "+webhookSecret+"\n")
	harness.Start(t, harness.Env{"GATEPOST_ADDR": node, "GATEPOST_WEBHOOK_URL": "http://" + backend + "/gatepost", "GATEPOST_WEBHOOK_SECRET": webhookSecret})
	gateway := &harness.Node{Addr: node}

	_, err := gateway.TryConnect(t, harness.Dial{})
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

// The page's types are those of real events: all of their fields, and no others.
func TestTheTypesOfTheNodePage(t *testing.T) {
	harness.InstallNPM(t, "../../sdk/js")
	backend := harness.NewBackend(t, nil)
	client := harness.Start(t, backend.Env(nil)).Connect(t, harness.Dial{Header: http.Header{"Cookie": {"a=b"}}})
	client.Send(t, "text")
	client.SendBinary(t, []byte{0})
	client.Leave(t, 1000, "")
	deliveries := backend.Await(t, 4, func(*harness.Delivery) bool { return true })

	dir := t.TempDir()
	nodePage(t, dir, "ts", "events.ts")
	program := "import type { Event } from \"./events.js\";\n"
	for i, event := range deliveries {
		program += fmt.Sprintf("export const event%d: Event = %s;\n", i, event.Body)
	}
	for i, name := range []string{"seq", "text", "binary", "duration_ms"} { // a field of each that is called something else
		wrong := strings.Replace(string(deliveries[i].Body), `"`+name+`":`, `"another":`, 1)
		program += fmt.Sprintf("// @ts-expect-error\nexport const wrong%d: Event = %s;\n", i, wrong)
	}
	if err := os.WriteFile(filepath.Join(dir, "program.ts"), []byte(program), 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.CommandContext(t.Context(), "node", "../../sdk/js/node_modules/typescript/bin/tsc", "--noEmit", "--strict",
		"--module", "nodenext", "--target", "es2022", filepath.Join(dir, "program.ts")).CombinedOutput()
	if err != nil {
		t.Errorf("%v: %s\n%s", err, out, program)
	}
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
