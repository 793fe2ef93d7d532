package gateway

import (
	"testing"

	"gatepost/protocol"
)

// buried are dead letters, by the ids of their events.
type buried struct {
	Webhooks
	ids map[string]bool
}

func (b buried) Have(ids []string) (have []string) {
	for _, id := range ids {
		if b.ids[id] {
			have = append(have, id)
		}
	}
	return have
}

// A process that dies between writing a close's dead letter and forgetting the
// client leaves nothing to be done: the letter is that close.
func TestAClientWhoseCloseIsADeadLetterIsNotClosedAgain(t *testing.T) {
	n := newNotebook()
	f := newFixtureWith(t, n)
	dead, s := f.connect()
	s.read()
	lost, s := f.connect()
	s.read()

	after := newFixtureWith(t, n)
	after.cfg.Webhooks = buried{ids: map[string]bool{protocol.CloseEventID(dead.ID()): true}}
	clients, begin, err := after.Recover(nil)
	if err != nil || clients != 1 {
		t.Fatalf("%d clients, %v", clients, err)
	}
	begin()
	after.settled(n)
	events := after.backend.seen()
	if len(events) != 1 || events[0].Data.ClientID != lost.ID() {
		t.Errorf("%d closes", len(events))
	}
}
