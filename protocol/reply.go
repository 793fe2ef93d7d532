package protocol

import (
	"bytes"
	"encoding/json"
)

// Reply is what a backend asks for in its answer to an event. A field that was
// missing or null is nil.
type Reply struct {
	UID         *string         // connect: replaces the uid
	Groups      []string        // connect: joined in addition
	Session     json.RawMessage // connect: replaces the session; message: a merge patch
	Until       *int64          // connect: unix seconds
	Subprotocol string          // connect: the one to select
	Actions     []ParsedAction
	Message     *Message // message: "reply", sent to the sender
	Retry       bool     // in a batch: send that event again

	// Unknown are the names of fields that no reply to such an event has; they
	// are passed over, and people are told: the first few, cut where they are long.
	Unknown []string
}

// replyFields are the fields that a reply to each event has.
var replyFields = map[EventType]map[string]func(*Reply, json.RawMessage) error{
	Connect: {"uid": (*Reply).parseUID, "groups": (*Reply).parseGroups, "session": (*Reply).parseSession,
		"until": (*Reply).parseUntil, "subprotocol": (*Reply).parseSubprotocol},
	Inbound: {"reply": (*Reply).parseReply, "session": (*Reply).parseSession},
	Close:   {},
}

// ParseReply reads the answer to one event of this client: nothing, or a JSON
// object. A body of white space is nothing, and so is []: PHP encodes an empty
// object so. An error says that nothing of the reply may be carried out; an
// action that can't be read has its error beside it and harms no other.
func ParseReply(t EventType, clientID string, body []byte) (*Reply, error) {
	if len(bytes.TrimSpace(body)) == 0 {
		return &Reply{}, nil
	}
	if err := CheckJSON(body); err != nil {
		return nil, err
	}
	return parseReply(t, clientID, body, false, object{})
}

// parseReply needs an empty object to work with, for the reply's members.
func parseReply(t EventType, clientID string, raw json.RawMessage, inBatch bool, o object) (*Reply, error) {
	err := o.read("the reply", raw)
	if err != nil {
		return nil, err
	}
	r := &Reply{}
	var none unknown
	for name, value := range o {
		parse, known := replyFields[t][name]
		switch {
		case isNull(value):
		case known:
			err = parse(r, value)
		case name == "actions":
			r.Actions, err = parseActions(value, Defaults{ClientID: clientID})
		case name == "retry" && inBatch:
			r.Retry, err = parseBool(name, value)
		default:
			none = append(none, name)
		}
		if err != nil {
			return nil, err
		}
	}
	r.Unknown = none.told()
	return r, nil
}

// ParsedReply is one event's part of the answer to a batch: its reply, or why it can't be
// read. Neither: the event is done.
type ParsedReply struct {
	Reply *Reply
	Err   error
}

// ParseBatchReply reads {"replies": {"<event id>": {…}}}, or nothing. events are
// the events of the batch, and the parts come in their order. Entries for others, and
// fields beside "replies", are passed over; their names come as Reply.Unknown has them.
func ParseBatchReply(events []*Event, body []byte) (parts []ParsedReply, unknownNames []string, err error) {
	parts = make([]ParsedReply, len(events))
	if len(bytes.TrimSpace(body)) == 0 {
		return parts, nil, nil
	}
	if err := CheckJSON(body); err != nil {
		return nil, nil, err
	}
	o, err := parseObject("the reply", body)
	if err != nil {
		return nil, nil, err
	}
	var strange unknown
	for name, value := range o {
		if name != "replies" && !isNull(value) {
			strange = append(strange, name)
		}
	}
	raw, ok := o["replies"]
	if !ok || isNull(raw) {
		return parts, strange.told(), nil
	}
	place := make(map[string]int, len(events))
	for i, e := range events {
		place[e.ID] = i
	}
	err = eachMember("replies", raw, func(id []byte, value json.RawMessage) {
		i, ok := place[string(id)]
		if !ok {
			if len(strange) < maxUnknown {
				strange = append(strange, "replies."+string(id))
			}
			return
		}
		if parts[i] = (ParsedReply{}); !isNull(value) {
			clear(o)
			parts[i].Reply, parts[i].Err = parseReply(events[i].Type, events[i].Data.ClientID, value, true, o)
		}
	})
	if err != nil {
		return nil, nil, err
	}
	return parts, strange.told(), nil
}

func (r *Reply) parseUID(raw json.RawMessage) error {
	uid, err := ParseName("uid", raw)
	r.UID = &uid
	return err
}

func (r *Reply) parseGroups(raw json.RawMessage) (err error) {
	r.Groups, err = ParseGroups("groups", raw)
	return err
}

func (r *Reply) parseSession(raw json.RawMessage) (err error) {
	if r.Session, err = ParseSession("session", raw); err != nil {
		return err
	}
	if len(r.Session) > MaxSessionBytes {
		return TooLarge("session", MaxSessionBytes)
	}
	return nil
}

func (r *Reply) parseUntil(raw json.RawMessage) (err error) {
	r.Until, err = ParseUnix("until", raw)
	return err
}

func (r *Reply) parseSubprotocol(raw json.RawMessage) (err error) {
	r.Subprotocol, err = parseString("subprotocol", raw)
	return err
}

func (r *Reply) parseReply(raw json.RawMessage) error {
	switch {
	case raw[0] != '"':
		r.Message = &Message{Payload: compact(raw)}
		return nil
	case plain(raw):
		r.Message = &Message{Payload: raw[1 : len(raw)-1]} // not copied: it is sent soon
		return nil
	}
	s, err := parseString("reply", raw)
	r.Message = &Message{Payload: []byte(s)}
	return err
}

// ParseGroups reads the groups that one client is to be in: at most
// MaxGroupsPerClient.
func ParseGroups(field string, raw json.RawMessage) ([]string, error) {
	groups, err := ParseNames(field, raw)
	if err == nil && len(groups) > MaxGroupsPerClient {
		err = &Problem{Status: 400, Code: CodeLimit, Field: field, Detail: "a client is in at most 256 groups"}
	}
	return groups, err
}
