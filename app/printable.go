package main

import (
	"strings"
	"unicode"
)

// printable is s without what a terminal would obey: text that came from a
// backend may hold anything.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) && r != '\n' && r != '\t' {
			return unicode.ReplacementChar
		}
		return r
	}, s)
}
