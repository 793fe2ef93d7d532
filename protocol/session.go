package protocol

import (
	"bytes"
	"encoding/json"
)

// EmptySession is what a client has that was given none.
var EmptySession = json.RawMessage("{}")

// SessionMode is how a session action changes what is there.
type SessionMode string

// The modes.
const (
	SessionSet    SessionMode = "set"    // replace the whole
	SessionMerge  SessionMode = "merge"  // JSON Merge Patch (RFC 7396)
	SessionUpdate SessionMode = "update" // recursive by key, nulls kept
)

// ParseSession reads a JSON object for a session: compact, its numbers with the
// digits they came with, [] taken for {}. The size is checked by ApplySession,
// where the result is known.
func ParseSession(field string, raw json.RawMessage) (json.RawMessage, error) {
	if isEmptyArray(raw) {
		return EmptySession, nil
	}
	if !isObject(raw) {
		return nil, BadField(field, "must be an object")
	}
	if err := CheckEmbedded(field, raw); err != nil {
		return nil, err
	}
	return compact(raw), nil
}

// ApplySession gives the session that change makes of current. Both are JSON
// objects that ParseSession has read. A result over MaxSessionBytes is a 413
// problem.
func ApplySession(current json.RawMessage, mode SessionMode, change json.RawMessage) (json.RawMessage, error) {
	result := change
	if mode != SessionSet {
		if len(change) > MaxSessionChangeBytes {
			return nil, TooLarge("session", MaxSessionChangeBytes)
		}
		var err error
		if result, err = combine(current, mode, change); err != nil {
			return nil, err
		}
	}
	if len(result) > MaxSessionBytes {
		return nil, TooLarge("session", MaxSessionBytes)
	}
	return result, nil
}

func combine(current json.RawMessage, mode SessionMode, change json.RawMessage) (json.RawMessage, error) {
	var target, patch map[string]any
	if err := decodeNumbers(current, &target); err != nil {
		return nil, err
	}
	if err := decodeNumbers(change, &patch); err != nil {
		return nil, err
	}
	return Marshal(mergeObjects(target, patch, mode == SessionUpdate))
}

func decodeNumbers(raw json.RawMessage, into *map[string]any) error {
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	if err := dec.Decode(into); err != nil {
		return BadField("session", "must be an object")
	}
	return nil
}

// mergeObjects is RFC 7396, section 2, for objects; with keepNulls a null is a
// value like any other.
func mergeObjects(target, patch map[string]any, keepNulls bool) map[string]any {
	if target == nil {
		target = map[string]any{}
	}
	for name, value := range patch {
		object, isObject := value.(map[string]any)
		switch {
		case isObject:
			below, _ := target[name].(map[string]any)
			target[name] = mergeObjects(below, object, keepNulls)
		case value == nil && !keepNulls:
			delete(target, name)
		default:
			target[name] = value
		}
	}
	return target
}
