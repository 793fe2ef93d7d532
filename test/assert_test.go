package test

import (
	"encoding/json"
	"errors"
	"strings"
	"syscall"
	"testing"

	"gatepost/test/harness"
	"gatepost/test/wait"
)

// wantRefused checks that a handshake was answered with this status and, in
// part, this body.
func wantRefused(t *testing.T, err error, status int, body string) *harness.Refused {
	t.Helper()
	var refused *harness.Refused
	if !errors.As(err, &refused) {
		t.Fatalf("the handshake ended with %v; a refusal with %d was expected", err, status)
	}
	if refused.Status != status || !strings.Contains(refused.Body, body) {
		t.Fatalf("the handshake was refused with %d %q, want %d %q", refused.Status, refused.Body, status, body)
	}
	return refused
}

// distinct are the ids of deliveries, each once: a repeat isn't another event.
func distinct(deliveries []*harness.Delivery) map[string]int {
	ids := map[string]int{}
	for _, d := range deliveries {
		ids[d.Event.ID]++
	}
	return ids
}

// stop ends a node as an operator would and waits for it: all its events are
// delivered then.
func stop(t *testing.T, node *harness.Node) {
	t.Helper()
	node.Signal(syscall.SIGTERM)
	if status := node.Exit(wait.Patience); status != 0 {
		t.Errorf("the node's exit status is %d", status)
	}
}

// decode reads JSON.
func decode[T any](t *testing.T, raw []byte) T {
	t.Helper()
	var v T
	if err := json.Unmarshal(raw, &v); err != nil {
		t.Fatalf("%v in %.500s", err, raw)
	}
	return v
}

// jsonOf is v as JSON.
func jsonOf(t *testing.T, v any) string {
	t.Helper()
	raw, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}
