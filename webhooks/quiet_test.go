package webhooks

import (
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"gatepost/protocol"
	"gatepost/test/logs"
)

// What fails in one way hides nothing that fails in another: each status and type of event
// has its own first line, and its own number.
func TestFailuresOfOneKindHideNoOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		codes := map[string]int{"a": 401, "b": 419, "c": 400}
		r := inBubble(t, Endpoint{}, func(w http.ResponseWriter, g got) { w.WriteHeader(codes[g.event.Data.ClientID[:1]]) })
		for i := range 4 {
			for client := range codes {
				r.deliver(event(protocol.Inbound, fmt.Sprint(client, i), 1))
			}
		}
		r.deliver(event(protocol.Close, "a9", 1))
		log := r.log.String()
		for _, want := range []string{"event=message id=evt_a0_1 attempt=1 status=401 hint=", "event=message id=evt_b0_1 attempt=1 status=419 hint=",
			"event=message id=evt_c0_1 attempt=1 status=400", "event=close id=evt_a9_close attempt=1 status=401 hint="} {
			if strings.Count(log, `msg="a webhook attempt failed"`) != 4 || !strings.Contains(log, want) {
				t.Errorf("without %s: %s", want, log)
			}
		}
		time.Sleep(quietFor + time.Second)
		log = r.log.String()[len(log):]
		if n := strings.Count(log, "times=3"); n != 6 || strings.Contains(log, "others") { // and of dead letters
			t.Errorf("%d summaries: %s", n, log)
		}
	})
}

// Where lines on one topic say different things, the one that is shown tells how many do.
func TestSummaryTellsOfOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := &logs.Log{}
		q := newQuiet(log.DebugLogger(), slog.LevelWarn)
		say := func(fault string) {
			q.say("failed", slog.String("event", "message"), slog.Int("status", 0), slog.String("error", fault))
		}
		for _, fault := range []string{"refused", "no answer within 2s", "reset", "no answer within 1.9s", "reset", "no answer within 2s"} {
			say(fault)
		}
		time.Sleep(quietFor + time.Second)
		if s := log.String(); strings.Count(s, "\n") != 2 || !strings.Contains(s, `error="no answer within 2s" times=3 others=2`) {
			t.Errorf("log %s", s)
		}
		time.Sleep(quietFor)
		say("reset") // at once again
		if s := log.String(); strings.Count(s, "\n") != 3 {
			t.Errorf("log %s", s)
		}
		q.close()
	})
}

// However many different things a backend answers, the log is bounded, and says so.
func TestTopicsAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := &logs.Log{}
		q := newQuiet(log.DebugLogger(), slog.LevelWarn)
		for code := range 900 {
			q.say("failed", slog.String("event", "message"), slog.Int("status", 100+code))
		}
		if n := strings.Count(log.String(), "\n"); n != maxTopics+1 {
			t.Errorf("%d lines", n)
		}
		q.close()
		if s := log.String(); strings.Count(s, "\n") != maxTopics+2 || !strings.Contains(s, fmt.Sprint("times=1 others=", 900-maxTopics-2)) {
			t.Errorf("log %s", s[max(0, len(s)-300):])
		}
	})
}
