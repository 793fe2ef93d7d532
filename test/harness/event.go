package harness

import "encoding/json"

// Event is an event as a backend reads it, of any type.
type Event struct {
	Type      string `json:"type"`
	ID        string `json:"id"`
	Timestamp string `json:"timestamp"`
	Data      struct {
		ClientID    string          `json:"client_id"`
		Seq         int             `json:"seq"`
		UID         *string         `json:"uid"`
		Groups      []string        `json:"groups"`
		Session     json.RawMessage `json:"session"`
		RemoteAddr  string          `json:"remote_addr"`
		RemotePort  int             `json:"remote_port"`
		ConnectedAt string          `json:"connected_at"`
		Node        string          `json:"node"`
		Request     *Request        `json:"request"`
		Message     *struct {
			Text   *string `json:"text"`
			Binary []byte  `json:"binary"`
		} `json:"message"`
		Close        *CloseInfo `json:"close"`
		UIDRemaining *int       `json:"uid_remaining"`

		Events []Event `json:"events"` // of a batch
	} `json:"data"`
}

// Request is a connect's handshake.
type Request struct {
	Path         string            `json:"path"`
	Query        map[string]string `json:"query"`
	RawQuery     string            `json:"raw_query"`
	Headers      map[string]string `json:"headers"`
	Cookies      map[string]string `json:"cookies"`
	Subprotocols []string          `json:"subprotocols"`
	Claims       map[string]any    `json:"claims"`
}

// CloseInfo is a close's own part.
type CloseInfo struct {
	Code        int    `json:"code"`
	Reason      string `json:"reason"`
	Initiator   string `json:"initiator"`
	DurationMS  int    `json:"duration_ms"`
	MessagesIn  int    `json:"messages_in"`
	MessagesOut int    `json:"messages_out"`
}

// Text is a message's text, or empty.
func (e *Event) Text() string {
	if e.Data.Message == nil || e.Data.Message.Text == nil {
		return ""
	}
	return *e.Data.Message.Text
}

// UID is the client's uid, or empty.
func (e *Event) UID() string {
	if e.Data.UID == nil {
		return ""
	}
	return *e.Data.UID
}
