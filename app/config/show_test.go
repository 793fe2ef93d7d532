package config

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

const secretive = `
jwks_url: "https://user:hunter2@id.example/keys?key=hunter2\n"
webhook: {secret: [` + goodWebhook + `]}
nats_url: ["nats://hunter2@a.example:4222", "nats://user:hunter2@b.example:4222"]
webhooks:
  - name: chat
    url: https://user:hunter2@chat.example/hook?key=hunter2
    secrets: ` + goodWebhook + `
    secret: hunter2
    events: [connect]
    headers: {authorization: Bearer hunter2}
  - hunter2
`

func TestSecretsAreHidden(t *testing.T) {
	l := load(t, secretive, []string{"GATEPOST_SECRET=hunter2-hunter2-hunter2-hunter2-hunter2"})
	shown, err := l.YAML()
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(shown, "hunter2") || strings.Contains(shown, "whsec_") {
		t.Errorf("a secret is in\n%s", shown)
	}
	for _, want := range []string{
		"secret: '***' # environment\n",
		"jwks_url: https://***@id.example/keys?*** # gatepost.yaml\n",
		"url: https://***@chat.example/hook?***\n",
		"nats_url: nats://***@a.example:4222,nats://***@b.example:4222 # gatepost.yaml\n",
		"authorization: '***'\n",
		"addr: :8080 # default\n",
		"anonymous: true # default\n",
		"# gatepost.yaml\nwebhooks:\n",
		"log:\n  level: info # default\n",
	} {
		if !strings.Contains(shown, want) {
			t.Errorf("there is no %q in\n%s", want, shown)
		}
	}
}

// A comma is no end of a URL, so that nothing behind one is taken for another.
func TestSecretsWithCommasAreHidden(t *testing.T) {
	l := load(t, `
jwks_url: https://user:a,hunter2@id.example/keys
nats_url: nats://user:a,hunter2@a.example:4222
webhook: {url: "https://user:a,hunter2@b.example/hook?key=a,hunter2"}
webhooks: [{name: chat, url: "https://c.example/hook?key=a,hunter2"}]
`, nil)
	shown, err := l.YAML()
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(shown, "hunter2") {
		t.Errorf("a secret is in\n%s", shown)
	}
	if want := "url: https://***@b.example/hook?*** # gatepost.yaml\n"; !strings.Contains(shown, want) {
		t.Errorf("there is no %q in\n%s", want, shown)
	}
}

// What is printed is a file that means the same, but for the secrets.
func TestWhatIsShownCanBeLoaded(t *testing.T) {
	first := load(t, "log_level: debug\norigins: [https://a.example]\nheartbeats: [{receive: ping, answer: pong}]\n",
		append(enough, "GATEPOST_CLIENT_RATE=7", "GATEPOST_NODE=0x10"))
	shown, err := first.YAML()
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "shown.yaml")
	if err := os.WriteFile(file, []byte(shown), 0o600); err != nil {
		t.Fatal(err)
	}
	again := Load(Sources{File: file, Environ: enough})
	if err := again.Faults.Err(); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(again.Config, first.Config) {
		t.Errorf("got  %+v\nwant %+v\nof\n%s", again.Config, first.Config, shown)
	}
}
