package protocol

import "encoding/json"

// Verb is what an action does.
type Verb string

// The verbs.
const (
	VerbSend     Verb = "send"
	VerbBind     Verb = "bind"
	VerbUnbind   Verb = "unbind"
	VerbJoin     Verb = "join"
	VerbLeave    Verb = "leave"
	VerbDissolve Verb = "dissolve"
	VerbSession  Verb = "session"
	VerbUntil    Verb = "until"
	VerbClose    Verb = "close"
)

// Action is one thing that a backend asks for. Which fields count depends on the
// verb; ParseAction refuses the others.
type Action struct {
	Verb Verb

	ClientID string // bind, unbind, session, until; join and leave: in Clients
	UID      string // bind

	Target                  // send, close: whom; join, leave: Clients and UIDs only
	Except         Target   // send, close: whom not (Clients and UIDs)
	Memberships    []string // join, leave: the groups
	Group          string   // dissolve
	Message        *Message // send; close: the last words, or nil
	SessionMode    SessionMode
	Session        json.RawMessage // session: the object that is set, merged or updated
	SessionIfMatch string          // session: the ETag that must hold, or empty
	Until          *int64          // until: unix seconds, nil for never

	Code   int    // close; 1000 if none was given
	Reason string // close
	Force  bool   // close: drop at once
	// Discard is a close's: the client's messages that aren't delivered, nor under way,
	// are dropped.
	Discard bool
}

// Target names clients: one by one, by uid, by group, or all of this cluster.
type Target struct {
	Clients []string
	UIDs    []string
	Groups  []string
	All     bool
}

// Empty reports whether the target names nobody.
func (t Target) Empty() bool {
	return !t.All && len(t.Clients) == 0 && len(t.UIDs) == 0 && len(t.Groups) == 0
}
