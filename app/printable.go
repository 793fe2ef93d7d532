package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
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

// printJSON writes v, indented, and what a terminal would obey in it as escapes: JSON
// has those for some control characters only.
func printJSON(w io.Writer, v any) error {
	var encoded, shown bytes.Buffer
	enc := json.NewEncoder(&encoded)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(v); err != nil {
		return err
	}
	for _, r := range encoded.String() {
		if unicode.IsControl(r) && r != '\n' {
			_, _ = fmt.Fprintf(&shown, `\u%04x`, r)
		} else {
			shown.WriteRune(r)
		}
	}
	_, err := w.Write(shown.Bytes())
	return err
}
