package protocol

import (
	"encoding/json"
	"unicode/utf8"
)

// members takes an object apart whose JSON is valid, in its order: take gets each
// name, which isn't to be kept, and each value, which is a part of raw, and says whether
// to go on. false: it isn't valid, or take has ended it. encoding/json does the same at
// several times the cost, which every reply of a backend would bear.
func members(raw []byte, take func(name []byte, value json.RawMessage) bool) bool {
	i := skipSpace(raw, 0)
	if i >= len(raw) || raw[i] != '{' {
		return false
	}
	if i = skipSpace(raw, i+1); i < len(raw) && raw[i] == '}' {
		return true
	}
	for {
		start := i
		if i = skipValue(raw, i); i < 0 || raw[start] != '"' {
			return false
		}
		name, ok := unquote(raw[start:i])
		if !ok {
			return false
		}
		if i = skipSpace(raw, i); i >= len(raw) || raw[i] != ':' {
			return false
		}
		start = skipSpace(raw, i+1)
		if i = skipValue(raw, start); i < 0 {
			return false
		}
		if !take(name, raw[start:i:i]) {
			return false
		}
		if i = skipSpace(raw, i); i >= len(raw) {
			return false
		}
		switch raw[i] {
		case ',':
			i = skipSpace(raw, i+1)
		case '}':
			return skipSpace(raw, i+1) == len(raw)
		default:
			return false
		}
	}
}

func skipSpace(raw []byte, i int) int {
	for i < len(raw) && (raw[i] == ' ' || raw[i] == '\n' || raw[i] == '\r' || raw[i] == '\t') {
		i++
	}
	return i
}

// skipValue is where the value ends that begins at i, or -1. It looks no closer than
// it must for valid JSON.
func skipValue(raw []byte, i int) int {
	start, depth := i, 0
	for ; i < len(raw); i++ {
		switch raw[i] {
		case '"':
			if i = stringEnd(raw, i); i < 0 {
				return -1
			}
			if depth == 0 {
				return i + 1
			}
		case '{', '[':
			depth++
		case '}', ']':
			if depth == 0 { // of what a number or word stands in
				return endOfWord(start, i)
			}
			if depth--; depth == 0 {
				return i + 1
			}
		case ',', ':', ' ', '\n', '\r', '\t':
			if depth == 0 {
				return endOfWord(start, i)
			}
		}
	}
	return -1
}

func endOfWord(start, end int) int {
	if end == start {
		return -1
	}
	return end
}

// stringEnd is where the closing quote of the string stands that begins at i, or -1.
func stringEnd(raw []byte, i int) int {
	for i++; i < len(raw); i++ {
		switch raw[i] {
		case '"':
			return i
		case '\\':
			i++
		}
	}
	return -1
}

// unquote reads a JSON string, which may be a part of raw then.
func unquote(raw []byte) (text []byte, ok bool) {
	if plain(raw) {
		return raw[1 : len(raw)-1], true
	}
	var s string
	err := json.Unmarshal(raw, &s)
	return []byte(s), err == nil
}

// plain says whether raw is a JSON string that stands for the bytes between its
// quotes.
func plain(raw []byte) bool {
	if len(raw) < 2 || raw[0] != '"' || raw[len(raw)-1] != '"' {
		return false
	}
	ascii := true
	for _, c := range raw[1 : len(raw)-1] {
		if c < ' ' || c == '"' || c == '\\' {
			return false
		}
		ascii = ascii && c < utf8.RuneSelf
	}
	return ascii || utf8.Valid(raw)
}
