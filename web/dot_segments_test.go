package web

import (
	"strings"
	"testing"
)

func TestHasDotSegment(t *testing.T) {
	for _, path := range []string{".", "..", "/.", "/..", "/a/..", "/a/../b", "/a/./b", "/../", "/push/groups/../all", "/a/b/.",
		`/a/..\b`, `\..`, `/a\.\b`, "/.../..", "/a../..", "/..a/../b"} {
		if !hasDotSegment(path) {
			t.Errorf("%s is taken", path)
		}
	}
	for _, path := range []string{"", "/", "*", "/a", "/a.", "/a..", "/.a", "/..a", "/...", "/a/.../b", "/groups/news.de", "/.well-known/x",
		"/groups/%2e%2e", "/a..b/c.d"} {
		if hasDotSegment(path) {
			t.Errorf("%s is refused", path)
		}
	}
}

func FuzzHasDotSegment(f *testing.F) {
	for _, seed := range []string{"/a/../b", "/a/./b", "/...", `\..\`, "/.a/b."} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, path string) {
		want := false
		for segment := range strings.SplitSeq(strings.ReplaceAll(path, `\`, "/"), "/") {
			want = want || segment == "." || segment == ".."
		}
		if got := hasDotSegment(path); got != want {
			t.Fatalf("%q: got %t, want %t", path, got, want)
		}
	})
}
