package config

import (
	"bytes"
	"flag"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"text/template"
)

var update = flag.Bool("update", false, "write docs/configuration.md instead of comparing it")

const referenceFile = "../../docs/configuration.md"

// The reference is made from the table of settings, so that it can't be wrong
// about a name or default.
func TestReference(t *testing.T) {
	type section struct {
		Name string
		Keys []Key
	}
	var sections []section
	for _, k := range Keys() {
		i := slices.IndexFunc(sections, func(s section) bool { return s.Name == k.Section })
		if i < 0 {
			i = len(sections)
			sections = append(sections, section{Name: k.Section})
		}
		sections[i].Keys = append(sections[i].Keys, k)
	}
	var want bytes.Buffer
	if err := template.Must(template.ParseFiles("testdata/configuration.md.tmpl")).Execute(&want, sections); err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile(referenceFile, want.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(referenceFile)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want.Bytes()) {
		t.Errorf("%s isn't what the table says; run make docs", referenceFile)
	}
}

var yamlBlock = regexp.MustCompile("(?s)```yaml\n(.*?)```")

// Whoever copies an example gets no fault for it.
func TestExamplesOfTheReference(t *testing.T) {
	reference, err := os.ReadFile(referenceFile)
	if err != nil {
		t.Fatal(err)
	}
	blocks := yamlBlock.FindAllSubmatch(reference, -1)
	if len(blocks) != 3 {
		t.Fatalf("found %d examples, want 3", len(blocks))
	}
	for _, block := range blocks {
		example := strings.ReplaceAll(string(block[1]), "whsec_…", goodWebhook)
		l := load(t, example, append(enough, "GATEPOST_WEBHOOK_SECRET="+goodWebhook))
		if err := l.Faults.Err(); err != nil {
			t.Errorf("%v\nof\n%s", err, example)
		}
	}
}

// The console excerpt of the reference is what the program says.
func TestFaultsOfTheReference(t *testing.T) {
	reference, err := os.ReadFile(referenceFile)
	if err != nil {
		t.Fatal(err)
	}
	l := load(t, "", []string{"GATEPOST_MAX_PUSH=600KiB", "GATEPOST_DRIAN=5s"})
	if said := "gatepost: " + l.Faults.Error() + "\n```"; !bytes.Contains(reference, []byte(said)) {
		t.Errorf("the reference doesn't have\n%s", said)
	}
}
