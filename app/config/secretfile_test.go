package config

import (
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// A secret is the same in a file, in the environment and in YAML, whatever made it end its line.
func TestANewlineIsNoPartOfASecret(t *testing.T) {
	const url = "https://user:password@app.example/hook"
	want := map[string]any{"secret": []string{goodSecret}, "webhook": url, "nats": []string{"nats://u:p@n.example"}, "jwks": "https://id.example/keys?key=k"}
	values := map[string]string{
		"GATEPOST_SECRET": goodSecret, "GATEPOST_WEBHOOK_SECRET": goodWebhook, "GATEPOST_WEBHOOK_URL": url,
		"GATEPOST_NATS_URL": "nats://u:p@n.example", "GATEPOST_JWKS_URL": "https://id.example/keys?key=k",
	}
	for _, end := range []string{"", "\n", "\r\n", "\n\n"} {
		var direct, files, inYAML []string
		for name, value := range values {
			path := filepath.Join(t.TempDir(), strings.ToLower(name))
			writeFile(t, path, value+end)
			direct = append(direct, name+"="+value+end)
			files = append(files, name+"_FILE="+path)
			quoted := strings.NewReplacer("\n", `\n`, "\r", `\r`).Replace(value + end)
			inYAML = append(inYAML, strings.ToLower(strings.TrimPrefix(name, Prefix))+`: "`+quoted+`"`)
		}
		for how, l := range map[string]*Loaded{
			"environment": load(t, "", direct), "files": load(t, "", files), "YAML": load(t, strings.Join(inYAML, "\n"), nil),
		} {
			if err := l.Faults.Err(); err != nil {
				t.Fatalf("%q, %s: %v", end, how, err)
			}
			c := l.Config
			got := map[string]any{"secret": c.Secrets, "webhook": c.Webhook.URL, "nats": c.NATSURLs, "jwks": c.JWKSURL}
			if !reflect.DeepEqual(got, want) || c.Webhook.Secrets.Empty() {
				t.Errorf("%q, %s: got %v", end, how, got)
			}
		}
	}
}

// Every setting with a secret has its file, and no other.
func TestWhichSettingsHaveFiles(t *testing.T) {
	var got []string
	for _, k := range Keys() {
		if k.holds != "" {
			got = append(got, k.Env)
		}
	}
	want := []string{"GATEPOST_SECRET_FILE", "GATEPOST_JWKS_URL_FILE", "GATEPOST_WEBHOOK_URL_FILE", "GATEPOST_WEBHOOK_SECRET_FILE", "GATEPOST_NATS_URL_FILE"}
	if !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestSecretFiles(t *testing.T) {
	dir := t.TempDir()
	file := func(name, content string) string {
		path := filepath.Join(dir, name)
		writeFile(t, path, content)
		return path
	}
	good, hook := file("good", goodSecret+"\n"), file("hook", goodWebhook)
	for name, test := range map[string]struct {
		yaml    string
		environ []string
		want    []string // begin of each fault
		secrets []string
	}{
		"several, each on its line":     {environ: []string{"GATEPOST_SECRET_FILE=" + file("two", goodSecret+"\r\n\r\n"+otherSecret+"\r\n")}, secrets: []string{goodSecret, otherSecret}},
		"several, as in the variable":   {environ: []string{"GATEPOST_SECRET_FILE=" + file("comma", goodSecret+","+otherSecret+"\n")}, secrets: []string{goodSecret, otherSecret}},
		"several, in both ways":         {environ: []string{"GATEPOST_SECRET_FILE=" + file("both", goodSecret+"\n"+otherSecret+","+goodSecret+"\n")}, secrets: []string{goodSecret, otherSecret, goodSecret}},
		"lines in the variable":         {environ: []string{"GATEPOST_SECRET=" + goodSecret + "\r\n" + otherSecret}, secrets: []string{goodSecret, otherSecret}},
		"from an editor that marks it":  {environ: []string{"GATEPOST_SECRET_FILE=" + file("bom", "\ufeff"+goodSecret)}, secrets: []string{goodSecret}},
		"in the file of settings":       {yaml: "secret_file: " + good + "\nwebhook: {secret_file: " + hook + "}", secrets: []string{goodSecret}},
		"over the file of settings":     {yaml: "secret_file: /nonexistent", environ: []string{"GATEPOST_SECRET_FILE=" + good}, secrets: []string{goodSecret}},
		"an empty name is none":         {environ: []string{"GATEPOST_SECRET=" + goodSecret, "GATEPOST_SECRET_FILE="}, secrets: []string{goodSecret}},
		"of an endpoint":                {yaml: "webhooks: [{name: a, url: http://a.example, secrets_file: " + hook + "}]", environ: enough, secrets: []string{goodSecret}},
		"of an endpoint, and beside it": {yaml: "webhooks: [{name: a, url: http://a.example, secrets: " + goodWebhook + ", secrets_file: " + hook + "}]", environ: enough, want: []string{"webhooks[0].secrets_file, from gatepost.yaml: stands beside secrets"}},
		"both": {environ: []string{"GATEPOST_SECRET=" + goodSecret, "GATEPOST_SECRET_FILE=" + good}, want: []string{
			"GATEPOST_SECRET_FILE (secret_file), from environment: stands beside GATEPOST_SECRET; one of the two is expected"}},
		"both, in two places": {yaml: "webhook: {secret: " + goodWebhook + "}", environ: append(enough, "GATEPOST_WEBHOOK_SECRET_FILE="+hook), want: []string{
			"GATEPOST_WEBHOOK_SECRET_FILE (webhook.secret_file), from environment: stands beside GATEPOST_WEBHOOK_SECRET"}},
		"not there": {environ: []string{"GATEPOST_SECRET_FILE=" + dir + "/none"}, want: []string{
			"GATEPOST_SECRET_FILE (secret_file), from environment: " + dir + "/none can't be read: no such file"}},
		"a folder": {environ: []string{"GATEPOST_SECRET_FILE=" + dir}, want: []string{
			"GATEPOST_SECRET_FILE (secret_file), from environment: " + dir + " can't be read: is a directory"}},
		"nothing in it": {environ: []string{"GATEPOST_SECRET_FILE=" + file("empty", "\n \r\n")}, want: []string{
			"GATEPOST_SECRET_FILE (secret_file), from environment: " + dir + "/empty is empty"}},
		"no text": {environ: []string{"GATEPOST_SECRET_FILE=" + file("utf16", "\xff\xfeh\x00u\x00n\x00t\x00e\x00r\x002\x00")}, want: []string{
			"GATEPOST_SECRET_FILE (secret_file), from environment: " + dir + "/utf16 isn't text"}},
		"what gatepost secret prints": {environ: []string{"GATEPOST_SECRET_FILE=" + file("env", "GATEPOST_SECRET=hunter2\nGATEPOST_WEBHOOK_SECRET=hunter2\n")}, want: []string{
			"GATEPOST_SECRET_FILE (secret_file), from environment: " + dir + "/env has the lines of an env file; the secret alone"}},
		"far too much": {environ: []string{"GATEPOST_SECRET_FILE=" + file("large", strings.Repeat("hunter2\n", 10_000))}, want: []string{
			"GATEPOST_SECRET_FILE (secret_file), from environment: " + dir + "/large has more than 64KiB"}},
		"one that is too short": {environ: []string{"GATEPOST_SECRET_FILE=" + file("short", "hunter2\n")}, want: []string{
			"GATEPOST_SECRET (secret), from " + dir + "/short: secret 1 of 1 has 7 bytes"}},
		"two URLs where one is wanted": {environ: append(enough, "GATEPOST_JWKS_URL_FILE="+file("urls", "http://a.example\nhttp://b.example\n")), want: []string{
			"GATEPOST_JWKS_URL (jwks_url), from " + dir + "/urls: is not a URL; one that begins with https:// or http:// is expected"}},
	} {
		t.Run(name, func(t *testing.T) {
			l := load(t, test.yaml, test.environ)
			var got []string
			for _, f := range l.Faults {
				got = append(got, f.String())
			}
			if !slices.EqualFunc(got, test.want, strings.HasPrefix) || strings.Contains(strings.Join(got, ""), "hunter2") {
				t.Errorf("got\n  %s\nwant\n  %s", strings.Join(got, "\n  "), strings.Join(test.want, "\n  "))
			}
			if test.want == nil && !slices.Equal(l.Config.Secrets, test.secrets) {
				t.Errorf("got %d secrets, want %d", len(l.Config.Secrets), len(test.secrets))
			}
		})
	}
}

// A command that needs the secret hears what is wrong with its file.
func TestFaultsOfASecretFile(t *testing.T) {
	l := load(t, "", []string{"GATEPOST_SECRET_FILE=/nonexistent", "GATEPOST_ADDR=x"})
	if got := l.Faults.Of("GATEPOST_SECRET"); len(got) != 1 || got[0].Env != "GATEPOST_SECRET_FILE" {
		t.Errorf("got %v", got)
	}
}

// What is printed names the file, and can be loaded.
func TestSecretFilesAreShown(t *testing.T) {
	path := filepath.Join(t.TempDir(), "secret")
	writeFile(t, path, goodSecret)
	shown, err := load(t, "", []string{"GATEPOST_SECRET_FILE=" + path}).YAML()
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(shown, "secret_file: "+path+" # environment\n") || strings.Contains(shown, "\nsecret:") {
		t.Errorf("got\n%s", shown)
	}
	if l := load(t, shown, nil); l.Faults.Err() != nil || !slices.Equal(l.Config.Secrets, []string{goodSecret}) {
		t.Errorf("got %v", l.Faults)
	}
}

func writeFile(t *testing.T, path, content string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}
