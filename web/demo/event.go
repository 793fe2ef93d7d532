package demo

import (
	"bytes"
	"encoding/json"
)

// event is what this backend reads of an event. The fields that the chat has no
// use for stay as they came.
type event struct {
	Type      string          `json:"type"`
	ID        string          `json:"id"`
	Timestamp json.RawMessage `json:"timestamp"`
	Data      eventData       `json:"data"`
}

type eventData struct {
	ClientID     string          `json:"client_id"`
	Seq          uint64          `json:"seq"`
	UID          json.RawMessage `json:"uid"`
	Groups       json.RawMessage `json:"groups"`
	Session      json.RawMessage `json:"session"`
	RemoteAddr   json.RawMessage `json:"remote_addr"`
	RemotePort   json.RawMessage `json:"remote_port"`
	ConnectedAt  json.RawMessage `json:"connected_at"`
	Node         json.RawMessage `json:"node"`
	Request      *request        `json:"request,omitempty"`
	Message      *message        `json:"message,omitempty"`
	Close        json.RawMessage `json:"close,omitempty"`
	UIDRemaining json.RawMessage `json:"uid_remaining,omitempty"`
}

type request struct {
	Path         json.RawMessage   `json:"path"`
	Query        json.RawMessage   `json:"query"`
	RawQuery     json.RawMessage   `json:"raw_query"`
	Headers      json.RawMessage   `json:"headers"`
	Cookies      map[string]string `json:"cookies"`
	Subprotocols json.RawMessage   `json:"subprotocols"`
	Claims       json.RawMessage   `json:"claims"`
}

type message struct {
	Text   *string `json:"text,omitempty"`
	Binary *string `json:"binary,omitempty"`
}

// maxShown is the largest event or reply that is kept to be shown.
const maxShown = 16 << 10

var tooLargeToShow = json.RawMessage(`"too large to show here"`)

// masked is the event's body as it may be shown: as it came, but for the values
// of cookies, which are the visitor's own for every program on this host name.
func (e *event) masked(body []byte) json.RawMessage {
	if e.Data.Request != nil && len(e.Data.Request.Cookies) > 0 {
		hidden := make(map[string]string, len(e.Data.Request.Cookies))
		for name := range e.Data.Request.Cookies {
			hidden[name] = "(hidden)"
		}
		shown := *e
		r := *e.Data.Request
		r.Cookies = hidden
		shown.Data.Request = &r
		if body = encode(shown); body == nil {
			return tooLargeToShow
		}
	}
	if len(body) > maxShown {
		return tooLargeToShow
	}
	return body
}

// encode writes v as JSON, its <, > and & as they are: the reader is a JSON
// parser, never an HTML one.
func encode(v any) []byte {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}
