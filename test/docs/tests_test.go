package docs

import (
	"io/fs"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// What a page says is shown by a test is shown by one that exists.
func TestTestsThatAreNamedExist(t *testing.T) {
	name := regexp.MustCompile(`\bTest[A-Z]\w+`)
	exist := map[string]bool{}
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && (entry.Name() == "node_modules" || entry.Name() == ".git"):
			return filepath.SkipDir
		case strings.HasSuffix(path, "_test.go"):
			for _, match := range regexp.MustCompile(`(?m)^func (Test\w+)\(`).FindAllStringSubmatch(read(t, strings.TrimPrefix(path, root)), -1) {
				exist[match[1]] = true
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	named := 0
	for page, text := range pages(t) {
		for _, test := range name.FindAllString(text, -1) {
			named++
			if !exist[test] {
				t.Errorf("%s: there is no test %s", page, test)
			}
		}
	}
	if named == 0 {
		t.Error("no page names a test")
	}
}
