package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"gatepost/protocol"
	"gatepost/webhooks"
)

// printExchange prints what went over the wire both ways.
func printExchange(w io.Writer, x *webhooks.Exchange) {
	say := func(format string, args ...any) { _, _ = fmt.Fprintf(w, format, args...) }
	say("%s %s\n", x.Method, x.URL)
	printMessage(w, x.RequestHeader, x.RequestBody)
	if x.Status == 0 {
		return
	}
	say("\n%d %s, after %s\n", x.Status, http.StatusText(x.Status), x.Took.Round(100*time.Microsecond))
	printMessage(w, x.ResponseHeader, x.ResponseBody)
}

func printMessage(w io.Writer, header http.Header, body []byte) {
	for _, name := range slices.Sorted(maps.Keys(header)) {
		for _, value := range header[name] {
			_, _ = fmt.Fprintf(w, "%s: %s\n", strings.ToLower(name), printable(value))
		}
	}
	if len(body) == 0 {
		return
	}
	var indented bytes.Buffer
	if json.Indent(&indented, body, "", "  ") == nil {
		body = indented.Bytes()
	}
	_, _ = fmt.Fprintf(w, "\n%s\n", printable(strings.TrimSpace(string(body))))
}

// explain says what a node would do after the exchange, and reports whether all
// of it is as a backend wants it.
func explain(w io.Writer, ev *protocol.Event, x *webhooks.Exchange) (good bool) {
	say := func(format string, args ...any) { _, _ = fmt.Fprintf(w, format+"\n", args...) }
	say("")
	if x.Fault != "" {
		say("Fault: %s.", printable(x.Fault))
	}
	if x.Hint != "" {
		say("Hint: %s", x.Hint)
	}
	say("%s", consequence(ev.Type, x))
	if x.Reply == nil {
		return false
	}
	good = x.Accepted
	for _, line := range effects(ev.Type, x.Reply) {
		say("  %s", printable(line))
	}
	for i, a := range x.Reply.Actions {
		if a.Err != nil {
			good = false
			say("  action %d can't be read, and fails alone: %s", i+1, printable(actionFault(a.Err)))
			continue
		}
		say("  action %d: %s", i+1, printable(describe(a.Action)))
	}
	for _, name := range x.Reply.Unknown {
		say("  hint: no reply to a %s has a field %q; it is passed over (%s)", ev.Type, name, protocol.ReplyHint(ev.Type, name))
	}
	return good
}

// consequence is what becomes of the client and the event.
func consequence(t protocol.EventType, x *webhooks.Exchange) string {
	switch {
	case t == protocol.Connect && x.Accepted:
		return "The client would be let in:"
	case t == protocol.Connect && x.Outlook == webhooks.Decided && x.Status/100 == 4:
		return fmt.Sprintf("The client would be refused with %d.", x.Status)
	case t == protocol.Connect && x.Outlook == webhooks.Decided:
		return "The client would be refused with 503."
	case t == protocol.Connect:
		return "After a few more tries the client would be refused with 503."
	case x.Accepted && x.Reply == nil:
		return "The event would be done, and nothing carried out."
	case x.Accepted:
		return "The event would be done:"
	}
	switch x.Outlook {
	case webhooks.TriedLong:
		return "The event would be sent again, and be a dead letter if no try succeeds."
	case webhooks.TriedAWhile:
		return "The event would be sent again for ten minutes, and then be a dead letter: the handler may not have been reached."
	case webhooks.TriedSoon:
		return "After a few more tries the event would be a dead letter."
	default:
		return "The event would be a dead letter at once: such an answer is final."
	}
}

// effects are what a reply asks for besides its actions.
func effects(t protocol.EventType, r *protocol.Reply) []string {
	var lines []string
	add := func(format string, args ...any) { lines = append(lines, fmt.Sprintf(format, args...)) }
	if r.UID != nil {
		add("its uid is %q", *r.UID)
	}
	if len(r.Groups) > 0 {
		add("it joins %s", quoted(r.Groups))
	}
	if r.Session != nil && t == protocol.Connect {
		add("its session is %s", r.Session)
	} else if r.Session != nil {
		add("%s is merged into its session", r.Session)
	}
	if r.Until != nil {
		add("it is closed with 4001 at %s", unix(*r.Until))
	}
	if r.Subprotocol != "" {
		add("the subprotocol %q is selected", r.Subprotocol)
	}
	if r.Message != nil {
		add("the sender gets %s", content(r.Message))
	}
	if len(lines) == 0 && len(r.Actions) == 0 {
		add("nothing else is asked for")
	}
	return lines
}

// actionFault names the field and what is wrong with it.
func actionFault(err error) string {
	var p *protocol.Problem
	if errors.As(err, &p) && p.Field != "" {
		return fmt.Sprintf("the field %q %s", p.Field, p.Detail)
	}
	return err.Error()
}
