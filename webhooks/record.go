package webhooks

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"gatepost/protocol"
)

// recordVersion is that of both records below.
const recordVersion = 1

// outboxRecord is what is kept in front of the bytes of an event that waits in
// the outbox.
type outboxRecord struct {
	Version  int           `json:"v"`
	Endpoint string        `json:"endpoint"`
	Path     string        `json:"path"`
	Trace    string        `json:"trace"`
	Age      time.Duration `json:"age"`             // of the event, in nanoseconds, as this was written
	Tries    int           `json:"tries"`           // attempts made
	Step     int           `json:"step"`            // waits of the schedule begun
	Due      time.Time     `json:"due,omitzero"`    // of the next try; zero: at once
	Over     time.Time     `json:"over,omitzero"`   // when the schedule's own wait is over
	Asked    bool          `json:"asked,omitempty"` // the backend has asked this sender to wait until Due
	Failed   []Attempt     `json:"failed,omitempty"`

	Unhandled time.Duration `json:"unhandled,omitempty"` // for how long tries have met nothing but unhandled answers
}

// recordOf is what is to be kept of a job at an endpoint.
func recordOf(endpoint string, j *job) outboxRecord {
	return outboxRecord{Version: recordVersion, Endpoint: endpoint, Path: j.path, Trace: j.trace, Age: time.Since(j.born()), Tries: j.past.attempt(),
		Step: j.plan.step, Due: j.plan.due, Over: j.plan.over, Asked: j.plan.asked, Failed: j.past.failed, Unhandled: j.past.unhandled}
}

// job takes the delivery up that recordOf has left.
func (k *KeptEvent) job(now time.Time) *job {
	j := newJob(newParcel(k.Event, k.Path, k.TraceID))
	j.bare = true
	j.past.earlier, j.past.failed, j.past.unhandled = k.record.Tries, k.record.Failed, k.record.Unhandled
	j.plan = k.record.plan(now)
	j.record = record{exists: true, kept: true, current: true}
	j.run.most = 1
	if j.plan.step == 0 {
		j.run.most = max(1, quickTries-j.past.earlier)
	}
	return j
}

func (r *outboxRecord) plan(now time.Time) plan {
	p := plan{step: min(r.Step, len(laterPauses))}
	if !r.Due.IsZero() {
		// No wait is longer, unless the clock has been set back.
		most := now.Add(laterPauses[len(laterPauses)-1])
		p.postponed, p.asked = true, r.Asked
		p.due, p.over = earliest(r.Due, most), earliest(latest(r.Due, r.Over), most)
		p.until = latest(p.over, now).Add(restOf(p.step) + lastGrace)
	}
	return p
}

// letterRecord is what is kept in front of the bytes of a dead letter's event.
type letterRecord struct {
	Version  int                `json:"v"`
	Type     protocol.EventType `json:"type"`
	ClientID string             `json:"client_id"`
	Seq      uint64             `json:"seq"`
	Addr     string             `json:"addr"` // whose share it takes
	Endpoint string             `json:"endpoint"`
	Trace    string             `json:"trace"`
	Reason   Reason             `json:"reason"`
	DiedAt   time.Time          `json:"died_at"`
	Attempts []Attempt          `json:"attempts"`
	Cut      bool               `json:"cut,omitempty"` // the event's contents were too large to be kept
}

// joinRecord writes a record: one line of JSON, then the event's bytes as they
// were sent and will be again.
func joinRecord(head any, body []byte) ([]byte, error) {
	line, err := json.Marshal(head)
	if err != nil {
		return nil, err
	}
	return append(append(line, '\n'), body...), nil
}

// splitRecord reads what joinRecord wrote. The body is a part of value.
func splitRecord(value []byte, head any) (body []byte, err error) {
	line, body, ok := bytes.Cut(value, []byte{'\n'})
	if !ok {
		return nil, errors.New("the record has no event")
	}
	if err := json.Unmarshal(line, head); err != nil {
		return nil, fmt.Errorf("the record's head: %w", err)
	}
	return body, nil
}

// envelope reads an event for routing and for carrying out its reply: without
// its message, groups, session and request, which may be large and stay where
// they are kept.
func envelope(body []byte) (*protocol.Event, error) {
	var ev protocol.Event
	if err := json.Unmarshal(body, &ev); err != nil {
		return nil, fmt.Errorf("the event: %w", err)
	}
	if ev.ID == "" || ev.Data.ClientID == "" {
		return nil, errors.New("the event has no id, or no client")
	}
	return withoutContents(&ev), nil
}

func withoutContents(ev *protocol.Event) *protocol.Event {
	bare := *ev
	bare.Data.Message, bare.Data.Groups, bare.Data.Session, bare.Data.Request = nil, nil, nil, nil
	return &bare
}
