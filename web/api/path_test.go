package api

import (
	"net/url"
	"strings"
	"testing"

	"gatepost/protocol"
)

func TestDecodeName(t *testing.T) {
	for _, tt := range []struct{ segment, want string }{
		{"a%2Fb", "a/b"},
		{"a%252Fb", "a%2Fb"},
		{"a+b", "a+b"},
		{"%2e%2E", ".."},
		{"%e6%97%a5", "日"},
		{strings.Repeat("%C3%A9", 128), strings.Repeat("é", 128)},
	} {
		if got, err := decodeName("uid", tt.segment); err != nil || got != tt.want {
			t.Errorf("%s: got %q (%v), want %q", tt.segment, got, err, tt.want)
		}
	}
	for _, segment := range []string{"", "a/b", "%", "%2", "%zz", "%00", "%0a", "%7f", "%c2%85", "%ff", "%ed%a0%80", strings.Repeat("x", 257)} {
		if got, err := decodeName("uid", segment); err == nil {
			t.Errorf("%q: got %q, want an error", segment, got)
		}
	}
}

// A name that is escaped comes out as it went in; whatever else is in a path
// gives a name that may be one, or an error.
func FuzzPathName(f *testing.F) {
	for _, seed := range []string{"a/b", "a%2Fb", "*", ".", "..", " ", "%", "+", "日本", "?#", "\x00", "\xff", "%00", "%zz"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if protocol.CheckName("uid", s) == nil {
			if got, err := decodeName("uid", url.PathEscape(s)); err != nil || got != s {
				t.Fatalf("%q became %q (%v)", s, got, err)
			}
		}
		name, err := decodeName("uid", s)
		if err != nil {
			return
		}
		if err := protocol.CheckName("uid", name); err != nil {
			t.Fatalf("%q gave the name %q: %v", s, name, err)
		}
		if strings.Contains(s, "/") {
			t.Fatalf("%q gave the name %q across a segment's end", s, name)
		}
	})
}
