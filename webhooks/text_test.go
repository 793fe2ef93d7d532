package webhooks

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

func FuzzOneLine(f *testing.F) {
	f.Add([]byte("a\x00\n\x1b[31mé\xff\u2028"), 5)
	f.Fuzz(func(t *testing.T, text []byte, limit int) {
		limit = min(max(limit, 0), 4096)
		got := oneLine(text, limit)
		if len(got) > limit || !utf8.ValidString(got) || strings.ContainsFunc(got, unicode.IsControl) {
			t.Errorf("oneLine(%q, %d) = %q", text, limit, got)
		}
	})
}

func TestTraceIDs(t *testing.T) {
	good := "0af7651916cd43dd8448eb211c80319c"
	if traceOr(good) != good {
		t.Error("a good trace id was replaced")
	}
	for _, bad := range []string{"", "abc", strings.Repeat("0", 32), strings.ToUpper(good), good + "0", good[:31] + "-"} {
		if got := traceOr(bad); got == bad || !validTrace(got) {
			t.Errorf("traceOr(%q) = %q", bad, got)
		}
	}
}
