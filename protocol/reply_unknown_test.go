package protocol_test

import (
	"strings"
	"testing"

	"gatepost/protocol"
)

func TestReplyHint(t *testing.T) {
	const none = protocol.EventType("")
	for _, tt := range []struct {
		t           protocol.EventType
		field, want string
	}{
		{protocol.Inbound, "action", `did you mean "actions"?`},
		{protocol.Inbound, "Actions", `did you mean "actions"?`},
		{protocol.Close, "aktions", `did you mean "actions"?`},
		{protocol.Inbound, "replay", `did you mean "reply"?`},
		{protocol.Inbound, "sesion", `did you mean "session"?`},
		{protocol.Connect, "sub_protocol", `did you mean "subprotocol"?`},
		{protocol.Connect, "uids", `did you mean "uid"?`},
		{protocol.Connect, "group", `did you mean "groups"?`},
		{protocol.Inbound, "uids", `did you mean "uid"? only the reply to a connect has it`},
		{protocol.Inbound, "uid", "only the reply to a connect has it"},
		{protocol.Connect, "reply", "only the reply to a message has it"},
		{protocol.Close, "reply", "only the reply to a message has it"},
		{protocol.Close, "session", "only the reply to a connect or a message has it"},
		{protocol.Inbound, "retry", "only an event in a batch has it"},
		{protocol.Inbound, "retri", `did you mean "retry"?`},
		{protocol.Inbound, "colour", "the reply to a message has reply, session, actions"},
		{protocol.Close, "colour", "the reply to a close has actions"},
		{none, "reply", `the reply to a batch has only "replies"`},
		{none, "repliess", `did you mean "replies"?`},
		{none, "actions", `the reply to a batch has only "replies"`},
		{none, "replies.evt_x", "no event in the batch has this id"},
	} {
		if got := protocol.ReplyHint(tt.t, tt.field); !strings.HasPrefix(got, tt.want) {
			t.Errorf("%s %q: %q, want %q", tt.t, tt.field, got, tt.want)
		}
	}
}
