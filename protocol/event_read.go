package protocol

import (
	"encoding/json"
	"fmt"
)

// What follows reads an event back from the JSON that was made of it. It trusts
// that JSON: it comes from where the gateway has kept it, not from strangers.

// UnmarshalJSON reads what MarshalJSON wrote.
func (m *Message) UnmarshalJSON(raw []byte) error {
	if isNull(raw) {
		return nil // as encoding/json wants it
	}
	o, err := parseObject("message", raw)
	if err != nil {
		return err
	}
	read, err := parseMessage(o, false)
	if err != nil {
		return err
	}
	if read == nil {
		return BadField("message", "has neither text nor binary")
	}
	*m = *read
	return nil
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (r *Remaining) UnmarshalJSON(raw []byte) error {
	if isNull(raw) {
		*r = Remaining{}
		return nil
	}
	var n int
	if err := json.Unmarshal(raw, &n); err != nil {
		return fmt.Errorf("uid_remaining: %w", err)
	}
	*r = Remaining{Known: true, Count: n}
	return nil
}

// UnmarshalJSON tells a uid_remaining that is null from one that isn't there.
func (d *EventData) UnmarshalJSON(raw []byte) error {
	type plain EventData
	var read struct {
		plain
		UIDRemaining json.RawMessage `json:"uid_remaining"`
	}
	if err := json.Unmarshal(raw, &read); err != nil {
		return err
	}
	*d = EventData(read.plain)
	if read.UIDRemaining == nil {
		return nil
	}
	d.UIDRemaining = &Remaining{}
	return d.UIDRemaining.UnmarshalJSON(read.UIDRemaining)
}
