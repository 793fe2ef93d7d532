package gateway

import (
	"encoding/json"
	"errors"
	"testing"
	"time"
)

// What changed about a client while nothing could be written is written once that
// is possible again.
func TestRecordsCatchUp(t *testing.T) {
	n := newNotebook()
	f := newFixtureWith(t, n)
	c, s := f.connect()
	s.read()
	n.breakDown(errors.New("no space left on device"))
	c.Bind("u")
	n.breakDown(nil)
	f.connect()
	deadline := time.Now().Add(5 * time.Second)
	for {
		var r record
		n.mu.Lock()
		value := n.values[clientPrefix+c.ID()]
		n.mu.Unlock()
		if json.Unmarshal(value, &r) == nil && r.UID == "u" {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("the record is %s", value)
		}
		time.Sleep(10 * time.Millisecond)
	}
}
