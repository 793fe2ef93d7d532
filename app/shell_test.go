package main

import (
	"bytes"
	"os"
	"strings"
	"testing"
)

const (
	testSecret        = "an-hs256-secret-of-32-bytes-or-more"
	testWebhookSecret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
)

// result is what a command left behind.
type result struct {
	status   int
	out, err string
}

// gatepost runs the program in this process.
func gatepost(t *testing.T, environ []string, stdin string, args ...string) result {
	t.Helper()
	var out, errs bytes.Buffer
	sh := &shell{args: args, environ: environ, in: strings.NewReader(stdin), out: &out, err: &errs}
	status := sh.run()
	return result{status, out.String(), errs.String()}
}

func TestExitStatus(t *testing.T) {
	secrets := []string{"GATEPOST_SECRET=" + testSecret}
	for _, test := range []struct {
		args   string
		status int
		errs   string // that stderr says
	}{
		{"version", 0, ""},
		{"--help", 0, ""},
		{"push --help", 0, ""},
		{"help serve", 0, ""},
		{"secret", 0, ""},
		{"config --check --addr 127.0.0.1:0", 0, ""},
		{"", 2, "needs one of the commands"},
		{"nope", 2, `"nope" is no command of gatepost`},
		{"serv", 2, "did you mean serve?"},
		{"push", 2, "needs one of the commands all, client, group, uid"},
		{"push everyone hi", 2, `"everyone" is no command of gatepost push`},
		{"push all", 2, "usage: gatepost push all TEXT"},
		{"push uid 42", 2, "usage: gatepost push uid UID TEXT"},
		{"--nope", 2, "unknown flag: --nope"},
		{"serve --nope", 2, "see gatepost serve --help"},
		{"serve extra", 2, "usage: gatepost serve"},
		{"version extra", 2, "usage: gatepost version"},
		{"token api --ttl soon", 2, `invalid argument "soon"`},
		{"token api --scope fly", 2, "--scope"},
		{"token api --ttl 1ms", 2, "--ttl: must be a second or longer"},
		{"token client --ttl -1h", 2, "--ttl: must be a second or longer"},
		{"token client --session nope", 2, "--session: is not JSON"},
		{"token client --session [1]", 2, "--session: must be an object"},
		{"token client --group a --group= ", 2, "--group: is empty"},
		{"token client --uid " + strings.Repeat("x", 257), 2, "--uid: has 257 bytes"},
		{"help nope", 2, `"nope" is no command of gatepost`},
		{"help dead nope", 2, `"nope" is no command of gatepost dead`},
		{"push client NOPE hi", 2, "CLIENT: has a character outside [a-z0-9]"},
		{"push group " + strings.Repeat("x", 257) + " hi", 2, "GROUP: has 257 bytes"},
		{"push all hi --except-client NOPE", 2, "--except-client: has a character outside [a-z0-9]"},
		{"clients --limit 0", 2, "--limit: must be 1 or more"},
		{"clients --limit -1", 2, "--limit"},
		{"dead list --limit 0", 2, "--limit: must be 1 or more"},
		{"dead replay", 2, "name the dead letters to replay, or --all"},
		{"dead replay a --all", 2, "name the dead letters to replay, or --all"},
		{"dead drop", 2, "usage: gatepost dead drop ID…"},
		{"healthcheck --addr nope", 2, `"nope" is not host:port`},
		{"healthcheck --addr :0", 2, "port 0"},
		{"trigger message --client NOPE --url http://127.0.0.1:1 --secret " + testWebhookSecret, 2, "--client"},
		{"trigger message --url http://127.0.0.1:1 --secret nope", 2, "--secret"},
		{"trigger message", 1, "no webhook is configured for message events"},
		{"config --client-rate many", 1, "GATEPOST_CLIENT_RATE"},
		{"serve --config nonexistent.yaml", 1, "nonexistent.yaml can't be read"},
	} {
		t.Run(test.args, func(t *testing.T) {
			got := gatepost(t, secrets, "", strings.Fields(test.args)...)
			if got.status != test.status || !strings.Contains(got.err, test.errs) || (test.status == 0) != (got.err == "") {
				t.Errorf("status %d, want %d; stderr %q, want %q", got.status, test.status, got.err, test.errs)
			}
			if strings.Count(got.err, "\n") > 1 {
				t.Errorf("the error has more than one line: %q", got.err)
			}
		})
	}
}

func TestAnEmptyNameIsWrongUsage(t *testing.T) {
	got := gatepost(t, []string{"GATEPOST_SECRET=" + testSecret}, "", "push", "uid", "", "hi")
	if got.status != 2 || !strings.Contains(got.err, "UID: is empty") {
		t.Errorf("got %+v", got)
	}
}

// Every command can be found and understood from the help texts alone.
func TestHelpTeaches(t *testing.T) {
	sh := &shell{}
	for _, cmd := range newRoot(sh).Commands() {
		if cmd.Name() == "help" || cmd.Name() == "completion" || cmd.Name() == "version" {
			continue
		}
		if cmd.Short == "" || cmd.GroupID == "" {
			t.Errorf("%s: no summary or group", cmd.Name())
		}
		example := cmd.Example
		for _, child := range cmd.Commands() {
			example += child.Example
		}
		if example == "" {
			t.Errorf("%s: no example", cmd.Name())
		}
	}
}

func TestSecretPrintsWhatServeTakes(t *testing.T) {
	got := gatepost(t, nil, "", "secret")
	environ := append(strings.Fields(got.out), "GATEPOST_WEBHOOK_URL=http://127.0.0.1:9000/", "GATEPOST_ADDR=127.0.0.1:0")
	if checked := gatepost(t, environ, "", "config", "--check"); checked.status != 0 {
		t.Errorf("%s%s", got.out, checked.err)
	}
	if again := gatepost(t, nil, "", "secret"); again.out == got.out {
		t.Error("the same secrets come twice")
	}
}

func TestConfigHidesSecretsAndFails(t *testing.T) {
	got := gatepost(t, []string{"GATEPOST_SECRET=short", "GATEPOST_WEBHOOK_SECRET=" + testWebhookSecret, "GATEPOST_ADDR=nope"}, "", "config")
	if got.status != 1 || !strings.Contains(got.out, "addr: nope # environment\n") || strings.Contains(got.out+got.err, "whsec_MfKQ") {
		t.Errorf("got %+v", got)
	}
	if want := "gatepost: configuration: 2 faults\n  GATEPOST_ADDR"; !strings.HasPrefix(got.err, want) {
		t.Errorf("stderr is %q", got.err)
	}
}

func TestTheNodesNameIsKept(t *testing.T) {
	dir := t.TempDir() + "/data"
	first, err := keptName(dir)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := keptName(dir); err != nil || again != first || first == "" {
		t.Errorf("got %q, %v, want %q", again, err, first)
	}
	for path, want := range map[string]os.FileMode{dir: 0o700, dir + "/node": 0o600} {
		if info, err := os.Stat(path); err != nil || info.Mode().Perm() != want {
			t.Errorf("%s: %v, %v, want %o", path, info, err, want)
		}
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 1 {
		t.Errorf("the directory holds %v, %v", entries, err)
	}
	// Whoever was first stays.
	if err := writeNew(dir, dir+"/node", "other\n"); err != nil {
		t.Fatal(err)
	}
	if name, err := readName(dir + "/node"); err != nil || name != first {
		t.Errorf("the name became %q, %v", name, err)
	}
	if err := os.WriteFile(dir+"/node", nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if name, err := keptName(dir); err == nil {
		t.Errorf("an empty file gives the name %q", name)
	}
}

func writeFile(t *testing.T, path, content string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}
