package protocol

import (
	"encoding/json"
	"fmt"
	"unicode"
	"unicode/utf8"
)

// CheckName says whether s may be a uid or a group: 1 to 256 bytes of UTF-8
// without control characters. Every other character is allowed and none means
// anything to the gateway.
//
// The returned problem names field.
func CheckName(field, s string) error {
	switch {
	case s == "":
		return badName(field, "is empty; a name has 1 to %d bytes", MaxNameBytes)
	case len(s) > MaxNameBytes:
		return badName(field, "has %d bytes; a name has 1 to %d", len(s), MaxNameBytes)
	case !utf8.ValidString(s):
		return badName(field, "is not UTF-8")
	}
	for _, r := range s {
		if unicode.IsControl(r) {
			return badName(field, "has the control character %U", r)
		}
	}
	return nil
}

func badName(field, format string, args ...any) *Problem {
	return &Problem{Status: 400, Code: CodeBadName, Field: field, Detail: fmt.Sprintf(format, args...)}
}

// ParseName reads a uid or group from JSON: a string, or an integer, which is
// taken as its decimal digits (42 is "42").
func ParseName(field string, raw json.RawMessage) (string, error) {
	s, err := stringOrInteger(field, raw)
	if err != nil {
		return "", err
	}
	return s, CheckName(field, s)
}

func stringOrInteger(field string, raw json.RawMessage) (string, error) {
	if len(raw) > 0 && raw[0] == '"' {
		return parseString(field, raw)
	}
	if !isInteger(raw) {
		return "", BadField(field, "must be a string or an integer")
	}
	return string(raw), nil
}

func isInteger(raw []byte) bool {
	digits := raw
	if len(digits) > 0 && digits[0] == '-' {
		digits = digits[1:]
	}
	for _, c := range digits {
		if c < '0' || c > '9' {
			return false
		}
	}
	return len(digits) > 0
}
