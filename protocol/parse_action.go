package protocol

import (
	"encoding/json"
	"slices"
	"unicode/utf8"
)

// Defaults are what an action's surroundings say in its stead.
type Defaults struct {
	// Verb is the verb of a call whose body is an action without "action".
	Verb Verb
	// ClientID is the event's client in a webhook's reply: it stands in for a
	// missing client_id and for a close's missing target.
	ClientID string
	// Groups are the groups of a call that names them in its path; the body then
	// has no groups.
	Groups []string
}

// verbFields are the fields that each verb has.
var verbFields = map[Verb][]string{
	VerbSend:     {"clients", "uids", "groups", "all", "except_clients", "except_uids", "text", "json", "binary"},
	VerbBind:     {"client_id", "uid"},
	VerbUnbind:   {"client_id"},
	VerbJoin:     {"client_id", "clients", "uids", "groups"},
	VerbLeave:    {"client_id", "clients", "uids", "groups"},
	VerbDissolve: {"group"},
	VerbSession:  {"client_id", "set", "merge", "update"},
	VerbUntil:    {"client_id", "at"},
	VerbClose: {"clients", "uids", "groups", "all", "except_clients", "except_uids",
		"code", "reason", "text", "binary", "force", "discard"},
}

// ParseAction reads one action. raw is JSON that CheckJSON has passed. Every
// error is a *Problem that names the field at fault.
func ParseAction(raw json.RawMessage, d Defaults) (*Action, error) {
	whole := "action"
	if d.Verb != "" {
		whole = "body"
	}
	o, err := parseObject(whole, raw)
	if err != nil {
		return nil, err
	}
	a := &Action{Verb: d.Verb}
	if d.Verb == "" {
		if a.Verb, err = parseVerb(o); err != nil {
			return nil, err
		}
	}
	fields := verbFields[a.Verb]
	if d.Groups != nil {
		fields = slices.DeleteFunc(slices.Clone(fields), func(field string) bool { return field == "groups" })
	}
	for name := range o {
		if !(name == "action" && d.Verb == "") && !slices.Contains(fields, name) {
			return nil, UnknownField(name, string(a.Verb), fields...)
		}
	}
	if err := a.parse(o, d); err != nil {
		return nil, err
	}
	return a, nil
}

func parseVerb(o object) (Verb, error) {
	raw, ok := o["action"]
	if !ok {
		return "", BadField("action", "is missing; it says what to do, such as \"send\"")
	}
	s, err := parseString("action", raw)
	if err != nil {
		return "", err
	}
	if _, known := verbFields[Verb(s)]; !known {
		return "", BadField("action", "%q is none of send, bind, unbind, join, leave, dissolve, session, until and close", shorten(s))
	}
	return Verb(s), nil
}

func (a *Action) parse(o object, d Defaults) error {
	switch a.Verb {
	case VerbSend:
		return a.parseSend(o)
	case VerbBind, VerbUnbind:
		return a.parseBind(o, d)
	case VerbJoin, VerbLeave:
		return a.parseMembership(o, d)
	case VerbDissolve:
		return a.parseDissolve(o)
	case VerbSession:
		return a.parseSession(o, d)
	case VerbUntil:
		return a.parseUntil(o, d)
	default:
		return a.parseClose(o, d)
	}
}

func (a *Action) parseSend(o object) error {
	named, err := a.parseTarget(o)
	if err != nil {
		return err
	}
	if !named {
		return BadField("clients", "is missing; a send names clients, uids, groups or all")
	}
	if a.Message, err = parseMessage(o, true); err != nil {
		return err
	}
	if a.Message == nil {
		return BadField("text", "is missing; a send has one of text, json and binary")
	}
	return nil
}

func (a *Action) parseBind(o object, d Defaults) error {
	if err := a.parseClientID(o, d); err != nil || a.Verb == VerbUnbind {
		return err
	}
	raw, ok := o["uid"]
	if !ok {
		return BadField("uid", "is missing")
	}
	uid, err := ParseName("uid", raw)
	a.UID = uid
	return err
}

func (a *Action) parseMembership(o object, d Defaults) error {
	named, err := a.parseTarget(object{"clients": o["clients"], "uids": o["uids"]}.present())
	if err != nil {
		return err
	}
	if _, ok := o["client_id"]; ok || !named {
		switch {
		case named:
			return BadField("client_id", "stands beside clients or uids; one of them is expected")
		case !ok && d.ClientID == "":
			return BadField("client_id", "is missing; a %s names client_id, clients or uids", a.Verb)
		}
		if err := a.parseClientID(o, d); err != nil {
			return err
		}
		a.Clients, a.ClientID = []string{a.ClientID}, ""
	}
	if a.Memberships = d.Groups; a.Memberships != nil {
		return nil
	}
	raw, ok := o["groups"]
	if !ok {
		return BadField("groups", "is missing")
	}
	a.Memberships, err = ParseNames("groups", raw)
	return err
}

func (a *Action) parseDissolve(o object) error {
	raw, ok := o["group"]
	if !ok {
		return BadField("group", "is missing")
	}
	group, err := ParseName("group", raw)
	a.Group = group
	return err
}

func (a *Action) parseSession(o object, d Defaults) error {
	if err := a.parseClientID(o, d); err != nil {
		return err
	}
	for _, mode := range []SessionMode{SessionSet, SessionMerge, SessionUpdate} {
		raw, ok := o[string(mode)]
		if !ok {
			continue
		}
		if a.SessionMode != "" {
			return BadField(string(mode), "stands beside %s; one of set, merge and update is expected", a.SessionMode)
		}
		var err error
		if a.Session, err = ParseSession(string(mode), raw); err != nil {
			return err
		}
		a.SessionMode = mode
	}
	if a.SessionMode == "" {
		return BadField("set", "is missing; a session action has one of set, merge and update")
	}
	return nil
}

func (a *Action) parseUntil(o object, d Defaults) error {
	if err := a.parseClientID(o, d); err != nil {
		return err
	}
	raw, ok := o["at"]
	if !ok {
		return BadField("at", "is missing; a unix time in seconds, or null")
	}
	until, err := ParseUnix("at", raw)
	a.Until = until
	return err
}

// ParseUnix reads a moment as unix time in whole seconds; null is nil.
func ParseUnix(field string, raw json.RawMessage) (*int64, error) {
	if isNull(raw) {
		return nil, nil
	}
	n, err := parseInt(field, raw)
	if err != nil || n < 0 {
		return nil, BadField(field, "must be a unix time in whole seconds, or null")
	}
	return &n, nil
}

func (a *Action) parseClose(o object, d Defaults) error {
	named, err := a.parseTarget(o)
	if err != nil {
		return err
	}
	if !named {
		if d.ClientID == "" {
			return BadField("clients", "is missing; a close names clients, uids, groups or all")
		}
		a.Clients = []string{d.ClientID}
	}
	a.Code = CloseNormal
	if raw, ok := o["code"]; ok {
		code, err := parseInt("code", raw)
		if err != nil {
			return err
		}
		if a.Code, err = ParseCloseCode("code", code); err != nil {
			return err
		}
	}
	if raw, ok := o["reason"]; ok {
		if a.Reason, err = parseString("reason", raw); err != nil {
			return err
		}
		if err := CheckReason("reason", a.Reason); err != nil {
			return err
		}
	}
	if a.Force, err = o.flag("force"); err != nil {
		return err
	}
	if a.Discard, err = o.flag("discard"); err != nil {
		return err
	}
	a.Message, err = parseMessage(o, false)
	return err
}

// flag reads a field that is true or false, and false where it is missing.
func (o object) flag(field string) (bool, error) {
	raw, ok := o[field]
	if !ok {
		return false, nil
	}
	return parseBool(field, raw)
}

// ParseCloseCode checks a close code that a backend asks for.
func ParseCloseCode(field string, code int64) (int, error) {
	if code < 0 || code > 4999 || !BackendMayClose(int(code)) {
		return 0, BadField(field, "%d is not a backend's to use; 1000 and 4100 to 4999 are", code)
	}
	return int(code), nil
}

// CheckReason says whether a close frame can carry this reason.
func CheckReason(field, reason string) error {
	if len(reason) > MaxReasonBytes {
		return BadField(field, "has %d bytes; a close frame carries at most %d", len(reason), MaxReasonBytes)
	}
	if !utf8.ValidString(reason) {
		return BadField(field, "is not UTF-8")
	}
	return nil
}

func (a *Action) parseClientID(o object, d Defaults) error {
	raw, ok := o["client_id"]
	if !ok {
		if a.ClientID = d.ClientID; a.ClientID == "" {
			return BadField("client_id", "is missing")
		}
		return nil
	}
	id, err := parseString("client_id", raw)
	if err != nil {
		return err
	}
	a.ClientID = id
	return CheckClientID("client_id", id)
}
