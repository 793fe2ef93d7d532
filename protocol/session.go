package protocol

import "encoding/json"

// EmptySession is what a client has that was given none.
var EmptySession = json.RawMessage("{}")

// SessionMode is how a session action changes what is there.
type SessionMode string

// The modes.
const (
	SessionSet    SessionMode = "set"    // replace the whole
	SessionMerge  SessionMode = "merge"  // JSON Merge Patch (RFC 7396)
	SessionUpdate SessionMode = "update" // as PHP's array_replace_recursive: by key or index, nulls kept
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
	target, err := readBranch(current)
	if err != nil {
		return nil, err
	}
	patch, err := readBranch(change)
	if err != nil {
		return nil, err
	}
	if mode == SessionUpdate {
		target.update(patch)
	} else {
		target.merge(patch)
	}
	return target.append(nil)
}
