package protocol

import (
	"strings"
	"unicode/utf8"
)

// Clip is as much of a text, which may be a stranger's, as fits into limit bytes, in
// whole characters. U+FFFD stands for what isn't UTF-8.
func Clip[T string | []byte](text T, limit int) string {
	valid := strings.ToValidUTF8(string(text[:wholeWithin(text, limit)]), "\uFFFD")
	return valid[:wholeWithin(valid, limit)] // U+FFFD may be longer than what it stands for
}

// wholeWithin is where to cut a text that is to have limit bytes at most: not inside
// a character, and in what isn't UTF-8 not far from the limit.
func wholeWithin[T string | []byte](text T, limit int) int {
	if len(text) <= limit {
		return len(text)
	}
	end := limit
	for end > 0 && limit-end < utf8.UTFMax && !utf8.RuneStart(text[end]) {
		end--
	}
	return end
}
