package test

import (
	"net/http"
	"testing"
	"time"

	"gatepost/test/harness"
)

// A connect that the backend may have taken has exactly one close, whatever came
// back; one that it turned down at each try has none.
func TestConnectWhoseOutcomeIsUnknown(t *testing.T) {
	t.Parallel()
	broken := harness.Answer{Write: func(http.ResponseWriter) { panic(http.ErrAbortHandler) }}
	hang := func(d *harness.Delivery) harness.Answer {
		<-d.Gone
		return harness.Answer{}
	}
	always := func(a harness.Answer) func(*harness.Delivery) harness.Answer {
		return func(*harness.Delivery) harness.Answer { return a }
	}
	slowly := harness.Answer{Write: func(w http.ResponseWriter) {
		time.Sleep(700 * time.Millisecond) // a proxy waits no longer for the backend
		w.WriteHeader(http.StatusGatewayTimeout)
	}}
	// firstly answers the first try so, and the others with 403.
	firstly := func(a harness.Answer) func(*harness.Delivery) harness.Answer {
		return func(d *harness.Delivery) harness.Answer {
			if d.Attempt > 1 {
				return harness.Status(403)
			}
			return a
		}
	}
	for name, c := range map[string]struct {
		answer         func(*harness.Delivery) harness.Answer
		status, closes int
	}{
		"a proxy gives up":                       {always(harness.Status(504)), 503, 1},
		"the socket breaks":                      {always(broken), 503, 1},
		"no answer":                              {hang, 503, 1},
		"a reply that is none":                   {always(harness.Answer{Body: "<html>"}), 503, 1},
		"a proxy gives up, the backend refuses":  {firstly(slowly), 403, 1},
		"the socket breaks, the backend refuses": {firstly(broken), 403, 1},
		"refused":                                {always(harness.Status(403)), 403, 0},
		"refused for now":                        {always(harness.Status(429)), 429, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			backend := harness.NewBackend(t, func(d *harness.Delivery) harness.Answer {
				if d.Event.Type == "connect" && d.Event.Data.Request.Query["barrier"] == "" {
					return c.answer(d)
				}
				return harness.Answer{}
			})
			node := harness.Start(t, backend.Env(harness.Env{"GATEPOST_WEBHOOK_TIMEOUT": "2s"}))
			_, err := node.TryConnect(t, harness.Dial{})
			wantRefused(t, err, c.status, "")
			id := backend.Received(harness.Of("connect", ""))[0].Event.Data.ClientID
			if c.closes > 0 {
				if end := backend.AwaitOne(t, "close", id); end.Data.Seq != 1 || end.Data.Close.Code != 1006 || end.Data.Close.Initiator != "gateway" {
					t.Errorf("the close is %+v", end.Data)
				}
			}
			outboxEmpty(t, node)
			// Neither this node makes another, nor the next one, whether this one ends
			// well or not.
			barrier := journalWritten(t, node)
			node.Kill()
			next := node.Restart(t, nil)
			backend.AwaitOne(t, "close", barrier.ID)
			outboxEmpty(t, next)
			stop(t, next)
			if n := len(backend.Received(harness.Of("close", id))); n != c.closes {
				t.Errorf("%d closes came, want %d", n, c.closes)
			}
			historyOf(t, backend)
		})
	}
}
