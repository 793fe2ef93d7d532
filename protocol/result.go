package protocol

import "encoding/json"

// Result is what an action did: one of the types below, by verb. Each is also
// the answer of the HTTP call that does the same.
type Result interface{ result() }

// Pushed reports a send: how many clients it named, for how many the message
// was queued, and how many are too slow to get it.
type Pushed struct {
	Matched int `json:"matched"`
	Queued  int `json:"queued"`
	Dropped int `json:"dropped"`
}

// Bound reports a bind or unbind.
type Bound struct {
	ClientID    string  `json:"client_id"`
	UID         *string `json:"uid"`
	PreviousUID *string `json:"previous_uid"`
}

// Changed reports a join or leave: how many memberships began or ended, and
// which of the clients and uids named are not connected. Group is written where
// one group was named, Groups (not nil) where several were, or none.
type Changed struct {
	Group   string   `json:"group,omitempty"`
	Groups  []string `json:"groups,omitzero"`
	Changed int      `json:"changed"`
	Missing []string `json:"missing"`
}

// Dissolved reports a dissolve: how many clients were members.
type Dissolved struct {
	Group   string `json:"group"`
	Removed int    `json:"removed"`
}

// SessionState reports a session action: the session as it is now.
type SessionState struct {
	ClientID string          `json:"client_id"`
	Session  json.RawMessage `json:"session"`
}

// UntilSet reports an until action.
type UntilSet struct {
	ClientID string `json:"client_id"`
	At       *int64 `json:"at"`
}

// Closed reports a close: how many clients it named and how many of them it
// closed; the others were closing already.
type Closed struct {
	Matched int `json:"matched"`
	Closed  int `json:"closed"`
}

func (Pushed) result()       {}
func (Bound) result()        {}
func (Changed) result()      {}
func (Dissolved) result()    {}
func (SessionState) result() {}
func (UntilSet) result()     {}
func (Closed) result()       {}
