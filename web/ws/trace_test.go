package ws

import (
	"strings"
	"testing"
)

func TestTraceID(t *testing.T) {
	const trace, parent = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
	for _, tt := range []struct{ header, want string }{
		{"00-" + trace + "-" + parent + "-01", trace},
		{"cc-" + trace + "-" + parent + "-01-more", trace},
		{"cc-" + trace + "-" + parent + "-01", trace},
		{"", ""},
		{"00-" + trace + "-" + parent + "-01-more", ""},
		{"cc-" + trace + "-" + parent + "-01more", ""},
		{"ff-" + trace + "-" + parent + "-01", ""},
		{"00-" + strings.ToUpper(trace) + "-" + parent + "-01", ""},
		{"00-" + strings.Repeat("0", 32) + "-" + parent + "-01", ""},
		{"00-" + trace + "-" + strings.Repeat("0", 16) + "-01", ""},
		{"00_" + trace + "-" + parent + "-01", ""},
		{"00-" + trace + "-" + parent + "-0g", ""},
		{"00-" + trace + "-" + parent, ""},
	} {
		if got := traceID(tt.header); got != tt.want {
			t.Errorf("traceID(%q) = %q, want %q", tt.header, got, tt.want)
		}
	}
}
