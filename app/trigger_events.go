package main

import (
	"encoding/json"
	"maps"
	"net/url"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"gatepost/protocol"
)

// pretended is the client whose event is sent.
type pretended struct {
	id, uid, session string
	groups           []string
}

func (p *pretended) addFlags(cmd *cobra.Command) {
	cmd.Flags().StringVar(&p.id, "client", "", "the client's `id`; none: a fresh one")
	cmd.Flags().StringVar(&p.uid, "uid", "", "the client's uid")
	cmd.Flags().StringArrayVar(&p.groups, "group", nil, "`group` that the client is in; may be repeated")
	cmd.Flags().StringVar(&p.session, "session", "{}", "`object` in JSON that is the client's session")
}

// pretendedNode is the node that events claim to come from.
const pretendedNode = "trigger"

// event is an event of the client, which connected so long ago.
func (p *pretended) event(t protocol.EventType, seq uint64, connected time.Duration) (*protocol.Event, error) {
	if p.id == "" {
		p.id = protocol.NewClientID(protocol.NodeTag(pretendedNode))
	} else if err := protocol.CheckClientID("--client", p.id); err != nil {
		return nil, usageError{err}
	}
	if !json.Valid([]byte(p.session)) {
		return nil, wrongUsage("--session is not JSON")
	}
	session, err := protocol.ParseSession("--session", json.RawMessage(p.session))
	if err != nil {
		return nil, usageError{err}
	}
	ev := &protocol.Event{Type: t, ID: protocol.EventID(p.id, seq), Timestamp: protocol.Time{Time: time.Now()}, Data: protocol.EventData{
		ClientID: p.id, Seq: seq, Groups: []string{}, Session: session,
		RemoteAddr: "203.0.113.9", RemotePort: 50123, // an address for documentation: RFC 5737
		ConnectedAt: protocol.Time{Time: time.Now().Add(-connected)}, Node: pretendedNode,
	}}
	if p.uid != "" {
		if err := protocol.CheckName("--uid", p.uid); err != nil {
			return nil, usageError{err}
		}
		ev.Data.UID = &p.uid
	}
	for _, group := range p.groups {
		if err := protocol.CheckName("--group", group); err != nil {
			return nil, usageError{err}
		}
		ev.Data.Groups = append(ev.Data.Groups, group)
	}
	return ev, nil
}

func newTriggerConnect(sh *shell) *cobra.Command {
	var (
		to   target
		who  pretended
		cmd  = &cobra.Command{Use: "connect", Short: "A client asks to connect"}
		page = "https://www.example.com"
	)
	to.addFlags(cmd)
	who.addFlags(cmd)
	path := cmd.Flags().String("path", "/ws", "path that the client connects to")
	query := cmd.Flags().String("query", "", "query string that it connects with, such as name=anna&lang=en")
	headers := cmd.Flags().StringArray("header", nil, "header `name: value` of the handshake; may be repeated")
	cookies := cmd.Flags().StringToString("cookie", nil, "cookie `name=value` of the handshake; may be repeated")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		values, err := url.ParseQuery(*query)
		if err != nil {
			return wrongUsage("--query: %w", err)
		}
		r := &protocol.Request{Path: *path, Query: map[string]string{}, RawQuery: *query, Cookies: map[string]string{},
			Headers:      map[string]string{"host": "www.example.com", "origin": page, "user-agent": "gatepost-trigger/" + programVersion()},
			Subprotocols: []string{}}
		for name := range values {
			r.Query[name] = values.Get(name)
		}
		for _, header := range *headers {
			name, value, ok := strings.Cut(header, ":")
			if !ok {
				return wrongUsage("--header %q is not name: value", header)
			}
			r.Headers[strings.ToLower(strings.TrimSpace(name))] = strings.TrimSpace(value)
		}
		maps.Copy(r.Cookies, *cookies)
		ev, err := who.event(protocol.Connect, 0, 0)
		if err != nil {
			return err
		}
		ev.Data.Request = r
		return sh.trigger(cmd.Context(), &to, ev)
	}
	return cmd
}

func newTriggerMessage(sh *shell) *cobra.Command {
	var (
		to  target
		who pretended
		cmd = &cobra.Command{Use: "message", Short: "A client sends a message"}
	)
	to.addFlags(cmd)
	who.addFlags(cmd)
	text := cmd.Flags().String("text", "hello", "the message; - reads it from standard input")
	binary := cmd.Flags().Bool("binary", false, "the message is a binary frame")
	seq := cmd.Flags().Uint64("seq", 1, "the event's number among those of the client")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		payload, err := sh.message(*text)
		if err != nil {
			return err
		}
		ev, err := who.event(protocol.Inbound, *seq, time.Minute)
		if err != nil {
			return err
		}
		ev.Data.Message = &protocol.Message{Binary: *binary, Payload: payload}
		return sh.trigger(cmd.Context(), &to, ev)
	}
	return cmd
}

func newTriggerClose(sh *shell) *cobra.Command {
	var (
		to  target
		who pretended
		cmd = &cobra.Command{Use: "close", Short: "A client's connection has ended"}
	)
	to.addFlags(cmd)
	who.addFlags(cmd)
	code := cmd.Flags().Int("code", protocol.CloseGoingAway, "the close code; 1006: no close frame came")
	reason := cmd.Flags().String("reason", "", "the close reason")
	initiator := cmd.Flags().String("initiator", "", "client, backend, gateway, network or node_lost; none: what goes with the code")
	remaining := cmd.Flags().Int("uid-remaining", 0, "how many clients the uid still has")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		const seq = 3
		ev, err := who.event(protocol.Close, seq, time.Minute)
		if err != nil {
			return err
		}
		ev.ID = protocol.CloseEventID(ev.Data.ClientID)
		by := protocol.Initiator(*initiator)
		switch {
		case by != "":
		case *code == protocol.CloseAbnormal:
			by = protocol.ByNetwork
		default:
			by = protocol.ByClient
		}
		ev.Data.Close = &protocol.CloseInfo{Code: *code, Reason: *reason, Initiator: by,
			DurationMS: time.Minute.Milliseconds(), MessagesIn: seq - 1, MessagesOut: seq}
		ev.Data.UIDRemaining = &protocol.Remaining{Known: ev.Data.UID != nil, Count: *remaining}
		return sh.trigger(cmd.Context(), &to, ev)
	}
	return cmd
}
