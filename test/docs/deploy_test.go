package docs

import (
	"io/fs"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var metric = regexp.MustCompile(`\bgatepost_[a-z_]+[a-z]\b`)

// deployments are the files that an operator takes as they are, by path.
func deployments(t *testing.T) map[string]string {
	t.Helper()
	found := map[string]string{}
	for _, name := range []string{"Dockerfile", "compose.yaml", "fly.toml", "deploy/alerts.yaml", "deploy/compose.yaml", "deploy/kubernetes.yaml", "deploy/nginx.conf"} {
		found[name] = read(t, name)
	}
	return found
}

// metrics are the names in the program's sources: whole ones, and those that are made
// of a prefix and another string of the same file.
func metrics(t *testing.T) map[string]bool {
	t.Helper()
	found := map[string]bool{}
	literal, prefix := regexp.MustCompile(`"([a-z_]+)"`), regexp.MustCompile(`"(gatepost_[a-z]+_)"`)
	for _, text := range sources(t) {
		prefixes := prefix.FindAllStringSubmatch(text, -1)
		for _, match := range literal.FindAllStringSubmatch(text, -1) {
			found[match[1]] = true
			for _, p := range prefixes {
				found[p[1]+match[1]] = true
			}
		}
	}
	return found
}

// sources are the texts of the program's files.
func sources(t *testing.T) []string {
	t.Helper()
	var found []string
	for _, floor := range []string{"app", "web", "gateway", "hub", "webhooks", "store", "cluster", "auth"} {
		err := filepath.WalkDir(filepath.Join(root, floor), func(path string, entry fs.DirEntry, err error) error {
			if err == nil && strings.HasSuffix(path, ".go") && !strings.HasSuffix(path, "_test.go") {
				found = append(found, read(t, strings.TrimPrefix(path, root)))
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return found
}

func TestMetricsThatAreNamedExist(t *testing.T) {
	exist := metrics(t)
	all := pages(t)
	all["deploy/alerts.yaml"] = read(t, "deploy/alerts.yaml")
	named := 0
	for name, text := range all {
		for _, found := range metric.FindAllString(text, -1) {
			named++
			if !exist[found] {
				t.Errorf("%s: there is no metric %s", name, found)
			}
		}
	}
	if named == 0 {
		t.Error("no page names a metric")
	}
}

// What an alert is about is described where metrics are, and what to do about it, too.
func TestEveryAlertIsDocumented(t *testing.T) {
	alerts, operations := read(t, "deploy/alerts.yaml"), read(t, "docs/operations.md")
	for _, found := range metric.FindAllString(alerts, -1) {
		if !strings.Contains(operations, "`"+found+"`") {
			t.Errorf("docs/operations.md has no %s", found)
		}
	}
	names := regexp.MustCompile(`(?m)- alert: (\w+)$`).FindAllStringSubmatch(alerts, -1)
	if len(names) == 0 {
		t.Error("there is no alert")
	}
	for _, name := range names {
		if !strings.Contains(operations, "`"+name[1]+"`") {
			t.Errorf("docs/operations.md doesn't say what to do about %s", name[1])
		}
	}
}

// The log lines that operators are told of are the program's.
func TestLogLinesThatAreNamedExist(t *testing.T) {
	_, text, _ := strings.Cut(read(t, "docs/operations.md"), "## Logs")
	text, _, _ = strings.Cut(text, "\n## ")
	said := strings.Join(sources(t), "\n")
	named := 0
	for _, row := range regexp.MustCompile("(?m)^\\| (`.*`) \\|").FindAllStringSubmatch(text, -1) {
		for _, line := range regexp.MustCompile("`([^`]+)`").FindAllStringSubmatch(row[1], -1) {
			named++
			if !strings.Contains(said, `"`+line[1]) {
				t.Errorf("nothing logs %q", line[1])
			}
		}
	}
	if named == 0 {
		t.Error("no line is named")
	}
}
