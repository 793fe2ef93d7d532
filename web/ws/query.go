package ws

import (
	"iter"
	"strings"
)

// A query is read here as a backend will read it, not as net/url does: that
// drops pairs with a semicolon or a broken escape, and whoever reads the raw
// query by another rule would find in them what was never looked at.

// queryPairs are the pairs of a raw query, split at &, their names and values
// decoded as far as they can be. Empty pairs are left out.
func queryPairs(raw string) iter.Seq2[string, string] {
	return func(yield func(string, string) bool) {
		for pair := range strings.SplitSeq(raw, "&") {
			if pair == "" {
				continue
			}
			name, value, _ := strings.Cut(pair, "=")
			if !yield(decodeQuery(name), decodeQuery(value)) {
				return
			}
		}
	}
}

// queryValue is the first value of the name, decoded, or empty.
func queryValue(raw, name string) string {
	for n, v := range queryPairs(raw) {
		if n == name {
			return v
		}
	}
	return ""
}

// wantsHeartbeat says whether a client asks for a text that is answered without an event.
func wantsHeartbeat(raw string) bool {
	return strings.Contains(raw, "heartbeat") && queryValue(raw, "heartbeat") == "1"
}

// queryObject is the query as a connect event shows it: the first value where a
// name is repeated.
func queryObject(raw string) map[string]string {
	object := make(map[string]string)
	for name, value := range queryPairs(raw) {
		name = strings.ToValidUTF8(name, "\uFFFD")
		if _, repeated := object[name]; !repeated {
			object[name] = strings.ToValidUTF8(value, "\uFFFD")
		}
	}
	return object
}

// takeFromQuery gives the values of every spelling and repetition of the named
// parameter, and the raw query without them. Semicolons separate here too, since
// some backends take them for separators.
func takeFromQuery(raw, name string) (values []string, rest string) {
	var kept strings.Builder
	for begin := 0; begin <= len(raw); {
		end := len(raw)
		if i := strings.IndexAny(raw[begin:], "&;"); i >= 0 {
			end = begin + i
		}
		n, v, _ := strings.Cut(raw[begin:end], "=")
		if sameParameter(decodeQuery(n), name) {
			values = append(values, decodeQuery(v))
		} else {
			if kept.Len() > 0 {
				kept.WriteByte(raw[begin-1]) // the separator that it stood behind
			}
			kept.WriteString(raw[begin:end])
		}
		begin = end + 1
	}
	if len(values) == 0 {
		return nil, raw
	}
	return values, kept.String()
}

// sameParameter says whether a backend may take the decoded name for the wanted
// one. PHP passes over leading spaces and ends a name at its first NUL.
func sameParameter(decoded, wanted string) bool {
	decoded, _, _ = strings.Cut(decoded, "\x00")
	return decoded == wanted || strings.TrimLeft(decoded, " ") == wanted
}

// decodeQuery undoes percent-encoding and +, and leaves as it is what isn't an
// escape.
func decodeQuery(s string) string {
	if !strings.ContainsAny(s, "%+") {
		return s
	}
	decoded := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		if b, ok := escaped(s[i:]); ok {
			decoded = append(decoded, b)
			i += 2
		} else if s[i] == '+' {
			decoded = append(decoded, ' ')
		} else {
			decoded = append(decoded, s[i])
		}
	}
	return string(decoded)
}

func isHex(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F'
}

func unhex(c byte) byte {
	if c <= '9' {
		return c - '0'
	}
	return c&^0x20 - 'A' + 10
}

// escaped reads the percent-encoded byte that s begins with.
func escaped(s string) (b byte, ok bool) {
	if len(s) < 3 || s[0] != '%' || !isHex(s[1]) || !isHex(s[2]) {
		return 0, false
	}
	return unhex(s[1])<<4 | unhex(s[2]), true
}
