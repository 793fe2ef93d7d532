package protocol

import (
	"strconv"
	"strings"
)

// CheckEmbedded says whether raw, which CheckJSON has passed, may be kept and
// sent within events: nested at most MaxEmbeddedDepth deep, and without half a
// surrogate pair. PHP's json_decode refuses a whole event for either.
func CheckEmbedded(field string, raw []byte) error {
	if deeperThan(raw, MaxEmbeddedDepth) {
		return BadField(field, "nests more than %d deep", MaxEmbeddedDepth)
	}
	if hasHalfSurrogate(raw) {
		return BadField(field, "has half of a surrogate pair")
	}
	return nil
}

// deeperThan counts brackets outside strings; whether they match is the decoder's
// to say.
func deeperThan(raw []byte, limit int) bool {
	depth, inString := 0, false
	for i := 0; i < len(raw); i++ {
		switch c := raw[i]; {
		case inString && c == '\\':
			i++
		case c == '"':
			inString = !inString
		case inString:
		case c == '{' || c == '[':
			if depth++; depth > limit {
				return true
			}
		case c == '}' || c == ']':
			depth--
		}
	}
	return false
}

// moreThan reports whether an array holds more than limit elements. It is asked
// before they are taken apart: each costs a slice header and a copy, many times what
// it took to send it.
func moreThan(raw []byte, limit int) bool {
	depth, inString, commas := 0, false, 0
	for i := 0; i < len(raw); i++ {
		switch c := raw[i]; {
		case inString && c == '\\':
			i++
		case c == '"':
			inString = !inString
		case inString:
		case c == '{' || c == '[':
			depth++
		case c == '}' || c == ']':
			depth--
		case c == ',' && depth == 1:
			if commas++; commas >= limit {
				return true
			}
		}
	}
	return false
}

// hasHalfSurrogate reports whether an escape such as \ud800 in valid JSON stands
// without its other half. encoding/json makes U+FFFD of it, so that two different
// strings would become one.
func hasHalfSurrogate(raw []byte) bool {
	for i := 0; i < len(raw); i++ {
		if raw[i] != '\\' {
			continue
		}
		i++
		switch unit := escapedUnit(raw, i-1); {
		case unit >= 0xDC00 && unit < 0xE000:
			return true
		case unit >= 0xD800 && unit < 0xDC00:
			low := escapedUnit(raw, i+5)
			if low < 0xDC00 || low >= 0xE000 {
				return true
			}
			i += 10
		}
	}
	return false
}

// escapedUnit is the UTF-16 code unit of the escape \uXXXX at i, or 0 where there
// is none.
func escapedUnit(raw []byte, i int) uint64 {
	if i+6 > len(raw) || raw[i] != '\\' || raw[i+1] != 'u' {
		return 0
	}
	unit, err := strconv.ParseUint(string(raw[i+2:i+6]), 16, 16)
	if err != nil {
		return 0
	}
	return unit
}

// shorten is a word of the caller's as an error or the log may repeat it: not
// longer than a line.
func shorten(word string) string {
	if len(word) <= maxShownBytes {
		return word
	}
	return strings.ToValidUTF8(word[:maxShownBytes], "") + "…"
}
