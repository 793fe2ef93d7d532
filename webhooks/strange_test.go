package webhooks

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"gatepost/protocol"
	"gatepost/test/counted"
)

// A field that means nothing does nothing: a handler's author has to hear of it.
func TestFieldsThatMeanNothingAreWarnedOf(t *testing.T) {
	for _, tt := range []struct {
		typ         protocol.EventType
		reply, want string
	}{
		{protocol.Inbound, `{"action":[{"action":"unbind"}]}`, `action: did you mean "actions"?`},
		{protocol.Connect, `{"uids":"x","action":[]}`, `action: did you mean "actions"?; uids: did you mean "uid"?`},
		{protocol.Inbound, `{"uid":"x"}`, "uid: only the reply to a connect has it"},
		{protocol.Close, `{"reply":"bye"}`, "reply: only the reply to a message has it"},
		{protocol.Inbound, `{"reply":"x","a\nb\u001b":1}`, "a b : the reply to a message has reply, session, actions"},
	} {
		synctest.Test(t, func(t *testing.T) {
			r := inBubble(t, Endpoint{}, body(200, tt.reply))
			for range 5 {
				if o := r.deliver(event(tt.typ, "c1", 1)); o.Verdict != protocol.Delivered || len(o.Reply.Actions) != 0 {
					t.Errorf("%s: %+v", tt.reply, o)
				}
			}
			time.Sleep(quietFor + time.Second)
			log := strings.ReplaceAll(r.log.String(), `\"`, `"`)
			if !strings.Contains(log, "level=WARN") || !strings.Contains(log, tt.want) || strings.Count(log, "mean nothing") != 2 || !strings.Contains(log, "times=4") {
				t.Errorf("%s: the log is %s", tt.reply, log)
			}
			if n := counted.Of(t, r.reg, "gatepost_webhook_unknown_reply_fields_total").Sum(); n < 5 {
				t.Errorf("%s: %v counted", tt.reply, n)
			}
		})
	}
}

func TestFieldsThatMeanNothingInABatchAreWarnedOf(t *testing.T) {
	for reply, want := range map[string]string{
		`{"replies":{"evt_a_1":{"action":[]}}}`:          `action: did you mean "actions"?`,
		`{"actions":[]}`:                                 `actions: the reply to a batch has only "replies"`,
		`{"reples":{"evt_a_1":{}}}`:                      `reples: did you mean "replies"?`,
		`{"replies":{"evt_nobody_7":{"reply":"hello"}}}`: "replies.evt_nobody_7: no event in the batch has this id",
	} {
		synctest.Test(t, func(t *testing.T) {
			release := make(chan struct{})
			r := inBubble(t, Endpoint{Concurrency: 1, Batch: 10}, blocking(release, func(w http.ResponseWriter, g got) {
				_, _ = io.WriteString(w, reply)
			}))
			gathered(t, r, release, event(protocol.Inbound, "a", 1), event(protocol.Inbound, "b", 1))
			if log := strings.ReplaceAll(r.log.String(), `\"`, `"`); !strings.Contains(log, "level=WARN") || !strings.Contains(log, want) {
				t.Errorf("%s: the log is %s", reply, log)
			}
		})
	}
}
