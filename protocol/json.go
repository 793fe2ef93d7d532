package protocol

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"
)

// object is a JSON object whose values aren't read yet. Its names are exact:
// encoding/json would take "UID" for "uid".
type object map[string]json.RawMessage

// CheckJSON says whether raw is one JSON value in valid UTF-8, nested at most
// MaxJSONDepth deep, with nothing behind it.
func CheckJSON(raw []byte) error {
	if !utf8.Valid(raw) {
		return BadJSON("the body is not UTF-8")
	}
	if len(bytes.TrimSpace(raw)) == 0 {
		return BadJSON("the body is empty; JSON is expected")
	}
	if deeperThan(raw, MaxJSONDepth) {
		return BadJSON("the body nests more than %d deep", MaxJSONDepth)
	}
	if json.Valid(raw) {
		return nil
	}
	dec := json.NewDecoder(bytes.NewReader(raw)) // says what is wrong
	var value json.RawMessage
	if err := dec.Decode(&value); err != nil {
		return BadJSON("the body is not JSON: %s", jsonFault(err))
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return BadJSON("there is something behind the JSON value")
	}
	return nil
}

// jsonFault is what encoding/json says, without Go's own words.
func jsonFault(err error) string {
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return "it ends too early"
	}
	return strings.TrimPrefix(err.Error(), "json: ")
}

// parseObject reads raw, already checked, as an object.
func parseObject(field string, raw json.RawMessage) (object, error) {
	o := object{}
	return o, o.read(field, raw)
}

// read puts the members of raw into o. Of two of a name the later counts.
func (o object) read(field string, raw json.RawMessage) error {
	return eachMember(field, raw, func(name []byte, value json.RawMessage) { o[string(name)] = value })
}

// eachMember is members for what must be an object, already checked. An empty array is
// an empty object: PHP encodes it so.
func eachMember(field string, raw json.RawMessage, take func(name []byte, value json.RawMessage)) error {
	if isEmptyArray(raw) {
		return nil
	}
	if !isObject(raw) {
		return BadField(field, "must be an object")
	}
	left := maxMembers
	whole := members(raw, func(name []byte, value json.RawMessage) bool {
		if left--; left >= 0 {
			take(name, value)
		}
		return left >= 0
	})
	switch {
	case left < 0:
		return BadField(field, "has more than %d members", maxMembers)
	case !whole:
		return BadField(field, "must be an object")
	}
	return nil
}

// parseArray reads raw, already checked, as a list of at most limit elements: an array,
// or an object whose keys are integers, in its order. PHP encodes an array with holes so,
// such as array_filter leaves behind.
func parseArray(field string, raw json.RawMessage, limit int) ([]json.RawMessage, error) {
	object := isObject(raw)
	if trimmed := bytes.TrimSpace(raw); !object && (len(trimmed) == 0 || trimmed[0] != '[') {
		return nil, BadField(field, "must be an array")
	}
	if moreThan(raw, limit) {
		return nil, &Problem{Status: 400, Code: CodeLimit, Field: field,
			Detail: fmt.Sprintf("has more than %d elements", limit)}
	}
	var elements []json.RawMessage
	if object {
		if !members(raw, func(key []byte, value json.RawMessage) bool {
			elements = append(elements, value)
			return isIndex(key)
		}) {
			return nil, BadField(field, "must be an array; an object is taken for one where all its keys are integers")
		}
		return elements, nil
	}
	if err := json.Unmarshal(raw, &elements); err != nil {
		return nil, BadField(field, "must be an array")
	}
	return elements, nil
}

// isIndex says whether PHP has this key of an array as an integer.
func isIndex(key []byte) bool {
	n, err := strconv.ParseInt(string(key), 10, 64)
	return err == nil && strconv.FormatInt(n, 10) == string(key)
}

func isObject(raw json.RawMessage) bool {
	trimmed := bytes.TrimSpace(raw)
	return len(trimmed) > 0 && trimmed[0] == '{'
}

func isEmptyArray(raw json.RawMessage) bool {
	trimmed := bytes.TrimSpace(raw)
	if len(trimmed) < 2 || trimmed[0] != '[' {
		return false
	}
	return len(bytes.TrimSpace(trimmed[1:])) == 1
}

func isNull(raw json.RawMessage) bool { return string(bytes.TrimSpace(raw)) == "null" }

func parseString(field string, raw json.RawMessage) (string, error) {
	if plain(raw) {
		return string(raw[1 : len(raw)-1]), nil
	}
	var s *string
	if err := json.Unmarshal(raw, &s); err != nil || s == nil {
		return "", BadField(field, "must be a string")
	}
	if hasHalfSurrogate(raw) {
		return "", BadField(field, "has half of a surrogate pair")
	}
	return *s, nil
}

func parseBool(field string, raw json.RawMessage) (bool, error) {
	var b *bool
	if err := json.Unmarshal(raw, &b); err != nil || b == nil {
		return false, BadField(field, "must be true or false")
	}
	return *b, nil
}

func parseInt(field string, raw json.RawMessage) (int64, error) {
	var n *int64
	if err := json.Unmarshal(raw, &n); err != nil || n == nil {
		return 0, BadField(field, "must be an integer")
	}
	return *n, nil
}

// compact is raw without insignificant white space; digits and escapes stay.
func compact(raw json.RawMessage) json.RawMessage {
	var b bytes.Buffer
	if err := json.Compact(&b, raw); err != nil {
		return raw
	}
	return b.Bytes()
}
