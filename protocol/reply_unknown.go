package protocol

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// unknown are names of fields that mean nothing where they stand, to be told to people.
type unknown []string

// told is u in a stable order, the first few, cut where they are long.
func (u unknown) told() []string {
	slices.Sort(u)
	u = u[:min(len(u), maxUnknown)]
	for i, name := range u {
		u[i] = shorten(name)
	}
	return u
}

// ReplyHint says what to write instead of a field that the reply to an event of this type
// doesn't have. The empty type is that of a batch.
func ReplyHint(t EventType, field string) string {
	if t == "" {
		return batchReplyHint(field)
	}
	if others := whoHas(field); others != "" {
		return others
	}
	known := fieldsOfReply(t)
	if near := Nearest(field, known); near != "" {
		return fmt.Sprintf("did you mean %q?", near)
	}
	if near := Nearest(field, []string{"uid", "groups", "session", "until", "subprotocol", "reply", "retry"}); near != "" {
		return fmt.Sprintf("did you mean %q? %s", near, whoHas(near))
	}
	return "the reply to a " + string(t) + " has " + strings.Join(known, ", ")
}

// whoHas says which replies have a field that not all have; empty: none.
func whoHas(field string) string {
	if field == "retry" {
		return "only an event in a batch has it; alone it is answered 503"
	}
	var types []string
	for _, t := range []EventType{Connect, Inbound} {
		if replyFields[t][field] != nil {
			types = append(types, "a "+string(t))
		}
	}
	if types == nil {
		return ""
	}
	return "only the reply to " + strings.Join(types, " or ") + " has it"
}

func batchReplyHint(field string) string {
	switch {
	case strings.HasPrefix(field, "replies."):
		return "no event in the batch has this id"
	case Nearest(field, []string{"replies"}) != "":
		return `did you mean "replies"?`
	}
	return `the reply to a batch has only "replies": an object with a reply for each event's id`
}

// fieldsOfReply are the fields that the reply to an event of this type has.
func fieldsOfReply(t EventType) []string {
	return append(slices.Sorted(maps.Keys(replyFields[t])), "actions")
}
