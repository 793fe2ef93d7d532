package protocol

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestClipCutsBetweenCharacters(t *testing.T) {
	tests := []struct {
		text  string
		limit int
		want  string
	}{
		{"", 3, ""},
		{"abc", 0, ""},
		{"abc", 3, "abc"},
		{"abcd", 3, "abc"},
		{"aé", 2, "a"},
		{"aéb", 3, "aé"},
		{"aéé", 4, "aé"},
		{"a😀b", 4, "a"},
		{"a😀b", 5, "a😀"},
		{"a\xffb", 9, "a\uFFFDb"},
		{"a\xffb", 4, "a\uFFFD"},
		{"a\xffb", 3, "a"}, // U+FFFD has three bytes
		{"\xff\xff\xffa", 4, "\uFFFDa"},
		{strings.Repeat("\x80", 6), 5, "\uFFFD"},
		{strings.Repeat("ü", 100), 123, strings.Repeat("ü", 61)},
	}
	for _, tt := range tests {
		if got := Clip(tt.text, tt.limit); got != tt.want {
			t.Errorf("Clip(%q, %d) = %q, want %q", tt.text, tt.limit, got, tt.want)
		}
		if got := Clip([]byte(tt.text), tt.limit); got != tt.want {
			t.Errorf("Clip of the bytes %q to %d is %q, want %q", tt.text, tt.limit, got, tt.want)
		}
	}
}

func FuzzClip(f *testing.F) {
	f.Add([]byte("aé\xff\x80\x80😀"), 5)
	f.Fuzz(func(t *testing.T, text []byte, limit int) {
		limit = min(max(limit, 0), 4096)
		if got := Clip(text, limit); len(got) > limit || !utf8.ValidString(got) {
			t.Errorf("Clip(%q, %d) = %q", text, limit, got)
		}
	})
}
