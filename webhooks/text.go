package webhooks

import (
	"strings"
	"unicode"

	"gatepost/protocol"
)

// oneLine is protocol.Clip for logs: control characters become spaces.
func oneLine[T string | []byte](text T, limit int) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == '\u2028' || r == '\u2029' {
			return ' '
		}
		return r
	}, protocol.Clip(text, limit))
}
