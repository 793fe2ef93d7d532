package protocol

import (
	"encoding/json"
	"time"
)

// EventType is what happened to a client.
type EventType string

// The events.
const (
	Connect EventType = "connect"
	Inbound EventType = "message"
	Close   EventType = "close"
)

// EventTypes are all of them, in the order in which a client lives them.
var EventTypes = []EventType{Connect, Inbound, Close}

// Event is what the gateway POSTs to a backend.
type Event struct {
	Type      EventType `json:"type"`
	ID        string    `json:"id"`
	Timestamp Time      `json:"timestamp"`
	Data      EventData `json:"data"`

	// Born is what its age counts from, by this process's clock: Timestamp may be an
	// earlier one's, see Restored. The zero time: it is Timestamp.
	Born time.Time `json:"-"`
}

// EventData is the client as it was when the event was made, and what happened.
type EventData struct {
	ClientID    string          `json:"client_id"`
	Seq         uint64          `json:"seq"`
	UID         *string         `json:"uid"`
	Groups      []string        `json:"groups"`
	Session     json.RawMessage `json:"session"`
	RemoteAddr  string          `json:"remote_addr"`
	RemotePort  int             `json:"remote_port"`
	ConnectedAt Time            `json:"connected_at"`
	Node        string          `json:"node"`

	Request *Request   `json:"request,omitempty"` // of a connect
	Message *Message   `json:"message,omitempty"` // of a message
	Close   *CloseInfo `json:"close,omitempty"`   // of a close
	// UIDRemaining is how many clients the uid still has after a close. It is
	// written for a close only: a number, or null where a node didn't answer or
	// the client had no uid.
	UIDRemaining *Remaining `json:"uid_remaining,omitempty"`
}

// Remaining is a count that may be unknown.
type Remaining struct {
	Known bool
	Count int
}

// MarshalJSON writes the count, or null where it is unknown.
func (r Remaining) MarshalJSON() ([]byte, error) {
	if !r.Known {
		return []byte("null"), nil
	}
	return json.Marshal(r.Count)
}

// Request is the handshake as a connect event shows it. The tokens that the
// gateway looked at are in none of its fields.
type Request struct {
	Path         string            `json:"path"`
	Query        map[string]string `json:"query"`
	RawQuery     string            `json:"raw_query"`
	Headers      map[string]string `json:"headers"`
	Cookies      map[string]string `json:"cookies"`
	Subprotocols []string          `json:"subprotocols"`
	Claims       json.RawMessage   `json:"claims"`
}

// CloseInfo is how a connection ended.
type CloseInfo struct {
	Code        int       `json:"code"`
	Reason      string    `json:"reason"`
	Initiator   Initiator `json:"initiator"`
	DurationMS  int64     `json:"duration_ms"`
	MessagesIn  uint64    `json:"messages_in"`
	MessagesOut uint64    `json:"messages_out"`
}

// Handshake is all that the gateway knows of a client that asks to connect, once
// its token, Origin and limits have been judged.
type Handshake struct {
	Request    Request
	RemoteAddr string // the client's own address, proxies resolved
	RemotePort int
	TraceID    string // of the request's traceparent, 32 hex digits, or empty

	// From the verified client token.
	UID     string // empty: none
	Groups  []string
	Session json.RawMessage // nil: none
	Until   *int64          // unix seconds, nil: none
}
