package auth

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"gatepost/protocol"
)

const upperHex = "0123456789ABCDEF"

// EscapeScopeName writes a uid or group as it stands in a scope: "push:uid:" +
// EscapeScopeName(uid) names that uid and no other, whatever is in it.
func EscapeScopeName(name string) string {
	var b strings.Builder
	for i, r := range name {
		if r != '*' && r != '%' && !unicode.IsControl(r) && !unicode.IsSpace(r) {
			// The bytes themselves: r would be U+FFFD for one that isn't UTF-8.
			b.WriteString(name[i : i+runeBytes(name[i:])])
			continue
		}
		for _, c := range []byte(string(r)) {
			b.WriteByte('%')
			b.WriteByte(upperHex[c>>4])
			b.WriteByte(upperHex[c&15])
		}
	}
	return b.String()
}

func runeBytes(s string) int {
	_, n := utf8.DecodeRuneInString(s)
	return n
}

// nameSet is the names that a verb is narrowed to, of one kind.
type nameSet struct {
	exact    map[string]struct{}
	prefixes []string
}

func (n *nameSet) has(name string) bool {
	if _, ok := n.exact[name]; ok {
		return true
	}
	for _, prefix := range n.prefixes {
		if strings.HasPrefix(name, prefix) {
			return true
		}
	}
	return false
}

// add reads one name, encoded, or a prefix and the wildcard.
func (n *nameSet) add(verb Verb, kind Kind, encoded string) error {
	encoded, isPrefix := strings.CutSuffix(encoded, "*")
	name, err := unescapeScopeName(encoded)
	if err != nil {
		return err
	}
	if isPrefix && name == "" {
		n.prefixes = append(n.prefixes, "")
		return nil
	}
	check := protocol.CheckName
	if kind == KindClient {
		check = protocol.CheckClientID
	}
	if check("scope", name) != nil {
		return badScope("narrows %s to something that can't be the name of a %s", verb, kind)
	}
	if isPrefix {
		n.prefixes = append(n.prefixes, name)
	} else {
		n.exact[name] = struct{}{}
	}
	return nil
}

func unescapeScopeName(encoded string) (string, error) {
	var b strings.Builder
	for i := 0; i < len(encoded); i++ {
		switch c := encoded[i]; {
		case c == '*':
			return "", badScope("has a * that is not at the end of a word; as part of a name it is %%2A")
		case c == '%':
			if i+2 >= len(encoded) || unhex(encoded[i+1]) < 0 || unhex(encoded[i+2]) < 0 {
				return "", badScope("has a %% without two hex digits; as part of a name it is %%25")
			}
			b.WriteByte(byte(unhex(encoded[i+1])<<4 | unhex(encoded[i+2])))
			i += 2
		default:
			b.WriteByte(c)
		}
	}
	return b.String(), nil
}

func unhex(c byte) int {
	switch {
	case c >= '0' && c <= '9':
		return int(c - '0')
	case c >= 'a' && c <= 'f':
		return int(c-'a') + 10
	case c >= 'A' && c <= 'F':
		return int(c-'A') + 10
	default:
		return -1
	}
}
