package cluster

import (
	"strings"
	"testing"

	"gatepost/test/logs"
)

// Who starts the first of several nodes is told which address doesn't answer yet, once.
func TestUnreachablePeerIsNamedByItsAddress(t *testing.T) {
	var out logs.Log
	log := newEngineLog(out.Logger())
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

// The server numbers routes, and each try has a port of its own: what it says of them is
// told once for each address, however often they come and go.
func TestRoutesAreToldOfOnce(t *testing.T) {
	var out logs.Log
	log := newEngineLog(out.Logger())
	for i := range 5 {
		log.Errorf("10.0.0.2:%d - rid:%d - Slow Consumer Detected: WriteDeadline of 2s exceeded with %d chunks", 40000+i, i, 3*i)
		log.Warnf("10.0.0.3:%d - rid:%d - Readloop processing time: %dms", 40000+i, i, 7*i)
	}
	got := out.String()
	for _, want := range []string{"address=10.0.0.2 reason=\"Slow Consumer Detected", "address=10.0.0.3 reason=\"Readloop processing time"} {
		if strings.Count(got, want) != 1 {
			t.Errorf("%s is there %d times, want once:\n%s", want, strings.Count(got, want), got)
		}
	}
}

// A peer at whose address nobody listens is nothing to warn of: it ends and begins again.
func TestPeerThatHasEndedIsNoWarning(t *testing.T) {
	var out logs.Log
	log := newEngineLog(out.Logger())
	log.Errorf("Error trying to connect to route (attempt %v): %v", 1, "dial tcp 10.0.0.2:6222: connect: connection refused")
	if strings.Contains(out.String(), "level=WARN") {
		t.Errorf("got %s", out.String())
	}
	log.Errorf("Error trying to connect to route (attempt %v): %v", 1, "dial tcp 10.0.0.2:6222: i/o timeout")
	if strings.Count(out.String(), "level=WARN") != 1 {
		t.Errorf("got %s", out.String())
	}
}
