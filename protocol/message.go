package protocol

import (
	"encoding/base64"
	"encoding/json"
	"unicode/utf8"
)

// Message is what a client sent or is sent: text, or bytes.
type Message struct {
	Binary  bool
	Payload []byte
}

// MarshalJSON writes {"text": …} or {"binary": "<base64>"}.
func (m Message) MarshalJSON() ([]byte, error) {
	if m.Binary {
		return Marshal(struct {
			Binary string `json:"binary"` // a nil []byte would be null
		}{base64.StdEncoding.EncodeToString(m.Payload)})
	}
	return Marshal(struct {
		Text string `json:"text"`
	}{string(m.Payload)})
}

// TextMessage is a text message; the problem names field where it isn't UTF-8.
func TextMessage(field string, payload []byte) (*Message, error) {
	if !utf8.Valid(payload) {
		return nil, BadField(field, "is not UTF-8")
	}
	return &Message{Payload: payload}, nil
}

// parseMessage reads the one of text, json and binary that o holds, or nil.
func parseMessage(o object, allowJSON bool) (*Message, error) {
	var found *Message
	kinds := "text and binary"
	if allowJSON {
		kinds = "text, json and binary"
	}
	set := func(field string, m *Message, err error) error {
		if err != nil {
			return err
		}
		if found != nil {
			return BadField(field, "stands beside another message; one of %s is expected", kinds)
		}
		found = m
		return nil
	}
	if raw, ok := o["text"]; ok {
		s, err := parseString("text", raw)
		if err := set("text", &Message{Payload: []byte(s)}, err); err != nil {
			return nil, err
		}
	}
	if raw, ok := o["json"]; ok && allowJSON {
		if err := set("json", &Message{Payload: compact(raw)}, nil); err != nil {
			return nil, err
		}
	}
	if raw, ok := o["binary"]; ok {
		b, err := parseBase64("binary", raw)
		if err := set("binary", &Message{Binary: true, Payload: b}, err); err != nil {
			return nil, err
		}
	}
	return found, nil
}

func parseBase64(field string, raw json.RawMessage) ([]byte, error) {
	s, err := parseString(field, raw)
	if err != nil {
		return nil, err
	}
	b, err := base64.StdEncoding.DecodeString(s)
	if err != nil {
		return nil, BadField(field, "must be base64 (RFC 4648, section 4)")
	}
	return b, nil
}
