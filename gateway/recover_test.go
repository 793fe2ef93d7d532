package gateway

import (
	"fmt"
	"maps"
	"testing"
	"time"

	"gatepost/protocol"
	"gatepost/test/logs"
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
	begin, err := after.Recover(nil)
	if clients := after.clients.len(); err != nil || clients != 1 {
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

// A start says what it goes on with: what other nodes have ended meanwhile is theirs, and
// this process, which wasn't there, was cut off from nobody.
func TestWhatAStartSays(t *testing.T) {
	n := newNotebook()
	f := durably(t, n)
	theirs, _ := f.connect()
	mine, _ := f.connect()
	for range 2 {
		f.Message(theirs, text("x"))
		f.Message(mine, text("y"))
	}
	for name, tt := range map[string]struct {
		ended []string
		says  []string
	}{
		"alone":              {nil, []string{`process ended" clients=2 events=4`}},
		"one client's ended": {[]string{theirs.ID()}, []string{"other nodes have ended clients of an earlier process of this one", "here\" clients=1 events=2", `process ended" clients=1 events=2`}},
		"all clients' ended": {[]string{theirs.ID(), mine.ID()}, []string{`here" clients=2 events=4`}},
	} {
		t.Run(name, func(t *testing.T) {
			log := logs.Shown(t)
			kept := newNotebook()
			kept.values = maps.Clone(n.values)
			after := newFixtureWith(t, kept)
			after.log = log.Logger()
			begin, err := after.Recover(nil)
			if err != nil {
				t.Fatal(err)
			}
			if err := after.GiveUp(t.Context(), tt.ended); err != nil {
				t.Fatal(err)
			}
			begin()
			after.finished(kept)
			for _, part := range tt.says {
				if !log.Has(part) {
					t.Errorf("it doesn't say %q", part)
				}
			}
			if log.Has("cut off") || len(tt.ended) == 2 && log.Has("going on") {
				t.Error("it says what isn't true")
			}
		})
	}
}

// A message that was written down keeps its timestamp, and its age by a clock that isn't set.
func TestAgeOfAMessageThatWasWrittenDown(t *testing.T) {
	n := newNotebook()
	then := time.Now().Add(-3 * time.Hour)
	n.Put(messageKey("x", 2), fmt.Appendf(nil, `{"payload":"aGk=","at":%q,"age":%d}`, then.Format(time.RFC3339Nano), time.Minute))
	f := restart(t, n)
	ev := f.waitEvents(1)[0]
	f.finished(n)
	if age := time.Since(ev.Born); !ev.Timestamp.Equal(then) || age < time.Minute || age > time.Hour {
		t.Errorf("of %v, %v old", ev.Timestamp, age)
	}
}
