package webhooks

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// clip cuts a stranger's text to at most limit bytes of valid UTF-8, never
// inside a character.
func clip(text []byte, limit int) string {
	if len(text) > limit {
		end := limit
		for end > 0 && limit-end < utf8.UTFMax && !utf8.RuneStart(text[end]) {
			end--
		}
		text = text[:end]
	}
	return strings.ToValidUTF8(string(text), "?")
}

// oneLine is clip for logs: control characters become spaces.
func oneLine(text []byte, limit int) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == '\u2028' || r == '\u2029' {
			return ' '
		}
		return r
	}, clip(text, limit))
}
