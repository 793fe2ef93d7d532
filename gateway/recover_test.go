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
	after.finished(n)
	events := after.backend.seen()
	if len(events) != 1 || events[0].Data.ClientID != lost.ID() {
		t.Errorf("%d closes", len(events))
	}
}

// A client's record that can't be read, as a newer release may write it, still says
// whose it is: the close is owed all the same.
func TestARecordThatCannotBeReadIsStillAClient(t *testing.T) {
	n := newNotebook()
	n.Put(clientPrefix+"lost", []byte(`{"seq":"many"}`))
	f := restart(t, n)
	ev := f.waitEvents(1)[0]
	f.finished(n)
	if ev.ID != protocol.CloseEventID("lost") || ev.Data.Close.Initiator != protocol.ByNodeLost || ev.Data.Close.DurationMS != 0 {
		t.Errorf("got %+v", ev)
	}
}
