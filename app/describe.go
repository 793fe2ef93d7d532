package main

import (
	"fmt"
	"strings"
	"time"

	"gatepost/protocol"
)

// describe says in words what an action does.
func describe(a *protocol.Action) string {
	switch a.Verb {
	case protocol.VerbSend:
		return fmt.Sprintf("send %s to %s", content(a.Message), whom(a))
	case protocol.VerbBind:
		return fmt.Sprintf("bind %s to the uid %q", a.ClientID, a.UID)
	case protocol.VerbUnbind:
		return fmt.Sprintf("unbind %s from its uid", a.ClientID)
	case protocol.VerbJoin:
		return fmt.Sprintf("%s joins %s", whom(a), quoted(a.Memberships))
	case protocol.VerbLeave:
		return fmt.Sprintf("%s leaves %s", whom(a), quoted(a.Memberships))
	case protocol.VerbDissolve:
		return fmt.Sprintf("all leave the group %q", a.Group)
	case protocol.VerbSession:
		return fmt.Sprintf("%s the session of %s with %s", a.SessionMode, a.ClientID, a.Session)
	case protocol.VerbUntil:
		if a.Until == nil {
			return fmt.Sprintf("%s may stay for as long as it likes", a.ClientID)
		}
		return fmt.Sprintf("%s is closed with 4001 at %s", a.ClientID, unix(*a.Until))
	default:
		return describeClose(a)
	}
}

func describeClose(a *protocol.Action) string {
	text := fmt.Sprintf("close %s with %d", whom(a), a.Code)
	if a.Reason != "" {
		text += fmt.Sprintf(" %q", a.Reason)
	}
	if a.Message != nil {
		text += ", after " + content(a.Message)
	}
	if a.Force {
		text += ", at once"
	}
	if a.Discard {
		text += ", and drop its messages that wait"
	}
	return text
}

// whom names an action's target and its exceptions.
func whom(a *protocol.Action) string {
	var parts []string
	if a.All {
		parts = append(parts, "all clients")
	}
	if len(a.Clients) > 0 {
		parts = append(parts, strings.Join(a.Clients, ", "))
	}
	if len(a.UIDs) > 0 {
		parts = append(parts, "the clients of uid "+quoted(a.UIDs))
	}
	if len(a.Groups) > 0 {
		parts = append(parts, "the group "+quoted(a.Groups))
	}
	text := strings.Join(parts, " and ")
	if except := append(append([]string{}, a.Except.Clients...), a.Except.UIDs...); len(except) > 0 {
		text += " except " + strings.Join(except, ", ")
	}
	return text
}

// content is a message in short.
func content(m *protocol.Message) string {
	const shown = 200
	if m.Binary {
		return fmt.Sprintf("%d bytes", len(m.Payload))
	}
	if len(m.Payload) > shown {
		return fmt.Sprintf("%q… (%d bytes)", m.Payload[:shown], len(m.Payload))
	}
	return fmt.Sprintf("%q", m.Payload)
}

func quoted(names []string) string {
	list := make([]string, len(names))
	for i, name := range names {
		list[i] = fmt.Sprintf("%q", name)
	}
	return strings.Join(list, ", ")
}

func unix(seconds int64) string { return time.Unix(seconds, 0).UTC().Format(time.RFC3339) }
