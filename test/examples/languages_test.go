package examples

import (
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"gatepost/test/harness"
)

// The examples in other languages than PHP are one program, told twice.
var languages = []struct {
	name    string
	program []string
}{
	{"node", []string{"node", "backend.mjs"}},
	{"python", []string{"python3", "backend.py"}},
}

// program starts an example's backend with these webhook secrets and returns its
// address.
func program(t *testing.T, name string, args []string, secrets string) string {
	t.Helper()
	dir := "../../examples/" + name
	if name == "node" {
		harness.InstallNPM(t, dir)
	}
	addr := harness.ClosedPort(t)
	_, port, _ := strings.Cut(addr, ":")
	harness.Program(t, dir, addr, args, "PORT="+port, "GATEPOST_WEBHOOK_SECRET="+secrets)
	return addr
}

func TestLanguagesAnswerEvents(t *testing.T) {
	for _, language := range languages {
		t.Run(language.name, func(t *testing.T) {
			// The new secret in front, the old one still there: a rotation under way. The newline is of whoever
			// made a secret of Kubernetes with echo.
			node := gateway(t, program(t, language.name, language.program, "whsec_bmV3LXNlY3JldC1vZi1zdWZmaWNpZW50LWxlbmd0aA== "+webhookSecret+"\n"))
			_, err := node.TryConnect(t, harness.Dial{Path: "/ws?name=%3Cb%3E"})
			if refused, ok := err.(*harness.Refused); !ok || refused.Status != http.StatusForbidden || refused.Body != "Connect with ?name=" {
				t.Errorf("with a name that is none: got %v", err)
			}
			anna := node.Connect(t, harness.Dial{Path: "/ws?name=Anna%20%C3%84"})
			bob := node.Connect(t, harness.Dial{Path: "/ws?name=bob"})
			anna.Send(t, `hello "bob" <b>ü</b>`)
			for _, client := range []*harness.Client{anna, bob} {
				if got, want := client.Text(t), `{"from":"Anna Ä","text":"hello \"bob\" <b>ü</b>"}`; !harness.SameJSON([]byte(got), []byte(want)) {
					t.Errorf("got %s, want %s", got, want)
				}
			}
			anna.Leave(t, 1000, "")
			if got, want := bob.Text(t), `{"from":"Anna Ä","text":"has left"}`; !harness.SameJSON([]byte(got), []byte(want)) {
				t.Errorf("got %s, want %s", got, want)
			}

			command := exec.CommandContext(t.Context(), language.program[0], append(language.program[1:], "push", "groups/lobby", "Hello – from outside")...)
			command.Dir = "../../examples/" + language.name
			command.Env = harness.Environ("GATEPOST_URL=http://"+node.Addr, "GATEPOST_SECRET="+harness.Secret+"\r\n")
			if out, err := command.CombinedOutput(); err != nil || !harness.SameJSON(out, []byte(`{"matched":1,"queued":1,"dropped":0}`)) {
				t.Errorf("push: %v, %s", err, out)
			}
			bob.WantText(t, "Hello – from outside")
		})
	}
}

func TestLanguagesRefuseWhatIsNotSigned(t *testing.T) {
	for _, language := range languages {
		t.Run(language.name, func(t *testing.T) {
			refusesUnsigned(t, program(t, language.name, language.program, webhookSecret))
			for _, secrets := range []string{"", "whsec_"} {
				node := gateway(t, program(t, language.name, language.program, secrets))
				_, err := node.TryConnect(t, harness.Dial{Path: "/ws?name=anna"})
				if refused, ok := err.(*harness.Refused); !ok || refused.Status/100 == 2 || refused.Status == http.StatusSwitchingProtocols {
					t.Errorf("with %q: got %v", secrets, err)
				}
			}
		})
	}
}

func TestLanguagesAreShort(t *testing.T) {
	for _, file := range []string{"node/backend.mjs", "python/backend.py"} {
		text, err := os.ReadFile(filepath.Join("../../examples", file))
		if err != nil {
			t.Fatal(err)
		}
		if lines := strings.Count(string(text), "\n"); lines >= 60 {
			t.Errorf("%s has %d lines", file, lines)
		}
	}
}
