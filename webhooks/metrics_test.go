package webhooks

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"gatepost/protocol"
	"gatepost/test/counted"
)

func TestMetrics(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := inBubble(t, Endpoint{Concurrency: 4}, status(200, 503, 200, 400))
		for i := range 3 {
			r.deliver(event(protocol.Inbound, fmt.Sprint("c", i), 1))
		}
		want := `
# HELP gatepost_webhook_attempts_total Webhook attempts by how they ended.
# TYPE gatepost_webhook_attempts_total counter
gatepost_webhook_attempts_total{endpoint="main",event="message",result="2xx"} 2
gatepost_webhook_attempts_total{endpoint="main",event="message",result="4xx"} 1
gatepost_webhook_attempts_total{endpoint="main",event="message",result="5xx"} 1
# HELP gatepost_webhook_concurrency_limit Webhook attempts that may be under way at once, now.
# TYPE gatepost_webhook_concurrency_limit gauge
gatepost_webhook_concurrency_limit{endpoint="main"} 2
# HELP gatepost_webhook_dead_letters Dead letters that are kept.
# TYPE gatepost_webhook_dead_letters gauge
gatepost_webhook_dead_letters{endpoint="main"} 1
# HELP gatepost_webhook_dead_letters_total Events that could not be delivered.
# TYPE gatepost_webhook_dead_letters_total counter
gatepost_webhook_dead_letters_total{endpoint="main",event="message",reason="rejected"} 1
# HELP gatepost_webhook_in_flight Webhook attempts under way.
# TYPE gatepost_webhook_in_flight gauge
gatepost_webhook_in_flight{endpoint="main"} 0
`
		names := []string{"gatepost_webhook_attempts_total", "gatepost_webhook_concurrency_limit", "gatepost_webhook_dead_letters",
			"gatepost_webhook_dead_letters_total", "gatepost_webhook_in_flight"}
		if err := testutil.GatherAndCompare(r.reg, strings.NewReader(want), names...); err != nil {
			t.Error(err)
		}
		if n := counted.Of(t, r.reg, "gatepost_webhook_attempt_seconds").Sum(); n != 4 {
			t.Errorf("latencies of %v attempts, want 4", n)
		}
		s := r.Stats()[0]
		if s.Delivered != 2 || s.Failed != 2 || s.Dead != 1 || s.Name != "main" || s.URL != "http://backend.test/hook" {
			t.Errorf("stats %+v", s)
		}
	})
}

func TestMetricsOfTwoDispatchersCollide(t *testing.T) {
	reg := prometheus.NewRegistry()
	d, err := New(Config{}, discard(), reg)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	if _, err := New(Config{}, discard(), reg); err == nil {
		t.Error("no error for metrics that are registered already")
	}
}
