package protocol

import (
	"bytes"
	"encoding/json"
	"slices"
	"strconv"
)

// branch is a JSON object or array whose members keep their order. An array's are
// named by their index, as PHP has them.
type branch struct {
	names  []string
	values map[string]any // *branch, string, json.Number, bool or nil
	array  bool
}

// readBranch reads a JSON object.
func readBranch(raw json.RawMessage) (*branch, error) {
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	value, err := readValue(dec)
	if b, ok := value.(*branch); err == nil && ok && !b.array {
		return b, nil
	}
	return nil, BadField("session", "must be an object")
}

func readValue(dec *json.Decoder) (any, error) {
	token, err := dec.Token()
	delim, opens := token.(json.Delim)
	if err != nil || !opens {
		return token, err
	}
	b := &branch{values: map[string]any{}, array: delim == '['}
	for dec.More() {
		name := strconv.Itoa(len(b.names))
		if !b.array {
			if token, err = dec.Token(); err != nil {
				return nil, err
			}
			name, _ = token.(string) // the decoder takes nothing else for a name
		}
		value, err := readValue(dec)
		if err != nil {
			return nil, err
		}
		b.set(name, value)
	}
	_, err = dec.Token() // what closes it
	return b, err
}

// set gives a member a value; a new one comes last.
func (b *branch) set(name string, value any) {
	if _, ok := b.values[name]; !ok {
		b.names = append(b.names, name)
	}
	b.values[name] = value
}

func (b *branch) remove(name string) {
	if i := slices.Index(b.names, name); i >= 0 {
		b.names = slices.Delete(b.names, i, i+1)
		delete(b.values, name)
	}
}

// merge is RFC 7396, section 2, for objects.
func (b *branch) merge(patch *branch) {
	for _, name := range patch.names {
		value := patch.values[name]
		more, ok := value.(*branch)
		switch {
		case ok && !more.array:
			below, ok := b.values[name].(*branch)
			if !ok || below.array {
				below = &branch{values: map[string]any{}}
			}
			below.merge(more)
			b.set(name, below)
		case value == nil:
			b.remove(name)
		default:
			b.set(name, value)
		}
	}
}

// update is PHP's array_replace_recursive. What is no list any more, since its
// indexes have gaps or other names are among them, is an object, as json_encode
// would have it.
func (b *branch) update(patch *branch) {
	if len(b.names) == 0 && len(patch.names) > 0 {
		b.array = patch.array
	}
	for _, name := range patch.names {
		more, ok := patch.values[name].(*branch)
		below, both := b.values[name].(*branch)
		if ok && both {
			below.update(more)
		} else {
			b.set(name, patch.values[name])
		}
	}
	for i, name := range b.names {
		b.array = b.array && name == strconv.Itoa(i)
	}
}

func (b *branch) append(out []byte) ([]byte, error) {
	opens, closes := byte('{'), byte('}')
	if b.array {
		opens, closes = '[', ']'
	}
	out = append(out, opens)
	for i, name := range b.names {
		if i > 0 {
			out = append(out, ',')
		}
		if !b.array {
			quoted, err := Marshal(name)
			if err != nil {
				return nil, err
			}
			out = append(append(out, quoted...), ':')
		}
		if below, ok := b.values[name].(*branch); ok {
			var err error
			if out, err = below.append(out); err != nil {
				return nil, err
			}
			continue
		}
		value, err := Marshal(b.values[name])
		if err != nil {
			return nil, err
		}
		out = append(out, value...)
	}
	return append(out, closes), nil
}
