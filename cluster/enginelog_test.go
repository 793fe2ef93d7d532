package cluster

import (
	"log/slog"
	"strings"
	"testing"
)

// Who starts the first of several nodes is told which address doesn't answer yet, once.
func TestUnreachablePeerIsNamedByItsAddress(t *testing.T) {
	var out strings.Builder
	log := newEngineLog(slog.New(slog.NewTextHandler(&out, nil)))
	for range 2 {
		log.Errorf("Error trying to connect to route (attempt %v): %v", 1, "dial tcp 10.0.0.2:6222: connect: connection refused")
		log.Errorf("Error trying to connect to route (attempt %v): %v", 1, "dial tcp: lookup gatepost.internal: no such host")
	}
	got := out.String()
	for _, want := range []string{`address=10.0.0.2:6222 reason="dial tcp 10.0.0.2:6222: connect: connection refused"`, `address="" reason="dial tcp: lookup gatepost.internal: no such host"`} {
		if strings.Count(got, want) != 1 {
			t.Errorf("%s is there %d times, want once:\n%s", want, strings.Count(got, want), got)
		}
	}
}
