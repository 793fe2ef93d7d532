package protocol

import (
	"encoding/json"
	"slices"
)

// ParsedAction is one action of a list: either it was read or it has an error.
// An action that fails fails alone, a misspelt one like any other.
type ParsedAction struct {
	Action *Action
	Err    error
}

// ParseActionBody reads the body of a call that is one action without "action".
func ParseActionBody(body []byte, d Defaults) (*Action, error) {
	if err := CheckJSON(body); err != nil {
		return nil, err
	}
	return ParseAction(body, d)
}

// parseBody reads a body that is an object with these fields, and no others.
func parseBody(body []byte, fields ...string) (object, error) {
	if err := CheckJSON(body); err != nil {
		return nil, err
	}
	o, err := parseObject("body", body)
	if err != nil {
		return nil, err
	}
	for name := range o {
		if !slices.Contains(fields, name) {
			return nil, UnknownField(name, "the body", fields...)
		}
	}
	return o, nil
}

// ParseActionsBody reads the body of POST /actions: {"actions": […]}.
func ParseActionsBody(body []byte) ([]ParsedAction, error) {
	o, err := parseBody(body, "actions")
	if err != nil {
		return nil, err
	}
	raw, ok := o["actions"]
	if !ok {
		return nil, BadField("actions", "is missing")
	}
	return parseActions(raw, Defaults{})
}

func parseActions(raw json.RawMessage, d Defaults) ([]ParsedAction, error) {
	elements, err := parseArray("actions", raw, MaxActions)
	if err != nil {
		return nil, err
	}
	parsed := make([]ParsedAction, len(elements))
	for i, element := range elements {
		a, err := ParseAction(element, d)
		parsed[i] = ParsedAction{Action: a, Err: err}
	}
	return parsed, nil
}

// ParseLookup reads the body of POST /lookup.
func ParseLookup(body []byte) (*Lookup, error) {
	o, err := parseBody(body, "clients", "uids", "groups")
	if err != nil {
		return nil, err
	}
	l := &Lookup{}
	for name, raw := range o {
		switch name {
		case "clients":
			l.Clients, err = ParseClientIDs(name, raw)
		case "uids":
			l.UIDs, err = ParseNames(name, raw)
		case "groups":
			l.Groups, err = ParseNames(name, raw)
		}
		if err != nil {
			return nil, err
		}
	}
	return l, nil
}

// ParseUntil reads the body of PUT /clients/{id}/until: {"at": unix time or null}.
func ParseUntil(clientID string, body []byte) (*Action, error) {
	o, err := parseBody(body, "at")
	if err != nil {
		return nil, err
	}
	a := &Action{Verb: VerbUntil}
	return a, a.parseUntil(o, Defaults{ClientID: clientID})
}

// ParseSessionBody reads the body of PUT and PATCH /clients/{id}/session.
func ParseSessionBody(clientID string, mode SessionMode, body []byte) (*Action, error) {
	if err := CheckJSON(body); err != nil {
		return nil, err
	}
	session, err := ParseSession("body", body)
	if err != nil {
		return nil, err
	}
	return &Action{Verb: VerbSession, ClientID: clientID, SessionMode: mode, Session: session}, nil
}

// ParseSessionCall reads the body of POST /session: a session action without "action". The
// SessionMode of one that doesn't say how to change it is empty: it is to be read.
func ParseSessionCall(body []byte) (*Action, error) {
	o, err := parseBody(body, verbFields[VerbSession]...)
	if err != nil {
		return nil, err
	}
	a := &Action{Verb: VerbSession}
	if len(o) == 1 {
		return a, a.parseClientID(o, Defaults{})
	}
	return a, a.parseSession(o, Defaults{})
}

// ParseNamed reads a body that is an object with this one field, a string.
func ParseNamed(field string, body []byte) (string, error) {
	o, err := parseBody(body, field)
	if err != nil {
		return "", err
	}
	raw, ok := o[field]
	if !ok {
		return "", BadField(field, "is missing")
	}
	return parseString(field, raw)
}

// Listing is which part of which list is asked for, as the body of POST /clients, /uids and
// /groups says it.
type Listing struct {
	Groups, UIDs []string
	Fields       []string
	Limit        *int64  // nil: not given
	Cursor       *string // nil: from the list's beginning
}

// ParseListing reads the body of a list that can be narrowed by these fields of a Listing.
func ParseListing(body []byte, fields ...string) (*Listing, error) {
	o, err := parseBody(body, slices.Concat(fields, []string{"limit", "cursor"})...)
	if err != nil {
		return nil, err
	}
	l := &Listing{}
	for name, raw := range o {
		switch {
		case name == "groups":
			l.Groups, err = ParseNames(name, raw)
		case name == "uids":
			l.UIDs, err = ParseNames(name, raw)
		case name == "fields":
			l.Fields, err = parseList(name, raw, parseString)
		case isNull(raw): // as a list's answer has its cursor at the end, and a caller what isn't set
		case name == "limit":
			var limit int64
			limit, err = parseInt(name, raw)
			l.Limit = &limit
		case name == "cursor":
			var cursor string
			cursor, err = parseString(name, raw)
			l.Cursor = &cursor
		}
		if err != nil {
			return nil, err
		}
	}
	return l, nil
}

// Replay says which dead letters to send again.
type Replay struct {
	IDs []string
	All bool
}

// ParseReplay reads the body of POST /events/dead/replay: ids or all.
func ParseReplay(body []byte) (*Replay, error) {
	o, err := parseBody(body, "ids", "all")
	if err != nil {
		return nil, err
	}
	r := &Replay{}
	for name, raw := range o {
		switch name {
		case "ids":
			r.IDs, err = parseList(name, raw, parseString)
		case "all":
			r.All, err = parseBool(name, raw)
		}
		if err != nil {
			return nil, err
		}
	}
	if r.All == (r.IDs != nil) {
		return nil, BadField("ids", "one of ids and all is expected")
	}
	return r, nil
}
