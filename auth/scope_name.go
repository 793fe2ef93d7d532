package auth

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"gatepost/protocol"
)

// EscapeScopeName writes a uid or group as it stands in a scope: "push:uid:" +
// EscapeScopeName(uid) names that uid and no other, whatever is in it.
func EscapeScopeName(name string) string {
	var b strings.Builder
	for name != "" {
		r, size := utf8.DecodeRuneInString(name)
		char := name[:size] // r would be U+FFFD for what isn't UTF-8
		name = name[size:]
		if r != '*' && r != '%' && !unicode.IsControl(r) && !unicode.IsSpace(r) {
			b.WriteString(char)
			continue
		}
		for _, c := range []byte(char) {
			_, _ = fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	return b.String()
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
		switch c := encoded[i]; c {
		case '*':
			return "", badScope("has a * that is not at the end of a word; as part of a name it is %%2A")
		case '%':
			digits := encoded[i+1 : min(i+3, len(encoded))]
			octet, err := strconv.ParseUint(digits, 16, 8)
			if err != nil || len(digits) < 2 {
				return "", badScope("has a %% without two hex digits; as part of a name it is %%25")
			}
			b.WriteByte(byte(octet))
			i += len(digits)
		default:
			b.WriteByte(c)
		}
	}
	return b.String(), nil
}
