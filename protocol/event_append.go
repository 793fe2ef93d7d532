package protocol

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"strconv"
	"unicode/utf8"
)

// AppendEvent appends the event's JSON to b: the very bytes that Marshal gives, at a
// fraction of the cost, as each message is written with it. An error says that the
// session or claims aren't JSON.
func AppendEvent(b []byte, ev *Event) ([]byte, error) {
	d := &ev.Data
	b = append(b, `{"type":`...)
	b = appendString(b, ev.Type)
	b = append(b, `,"id":`...)
	b = appendString(b, ev.ID)
	b = append(b, `,"timestamp":`...)
	b = ev.Timestamp.append(b)
	b = append(b, `,"data":{"client_id":`...)
	b = appendString(b, d.ClientID)
	b = append(b, `,"seq":`...)
	b = strconv.AppendUint(b, d.Seq, 10)
	b = append(b, `,"uid":`...)
	if d.UID != nil {
		b = appendString(b, *d.UID)
	} else {
		b = append(b, "null"...)
	}
	b = append(b, `,"groups":`...)
	b = appendStrings(b, d.Groups)
	b = append(b, `,"session":`...)
	b, err := appendJSON(b, d.Session)
	if err != nil {
		return nil, err
	}
	b = append(b, `,"remote_addr":`...)
	b = appendString(b, d.RemoteAddr)
	b = append(b, `,"remote_port":`...)
	b = strconv.AppendInt(b, int64(d.RemotePort), 10)
	b = append(b, `,"connected_at":`...)
	b = d.ConnectedAt.append(b)
	b = append(b, `,"node":`...)
	b = appendString(b, d.Node)
	if b, err = d.appendHappened(b); err != nil {
		return nil, err
	}
	return append(b, "}}"...), nil
}

// appendHappened appends what only some events have.
func (d *EventData) appendHappened(b []byte) ([]byte, error) {
	if d.Request != nil {
		request, err := Marshal(d.Request)
		if err != nil {
			return nil, err
		}
		b = append(append(b, `,"request":`...), request...)
	}
	if d.Message != nil {
		b = append(b, `,"message":`...)
		b = d.Message.append(b)
	}
	if d.Close != nil {
		b = append(b, `,"close":`...)
		b = d.Close.append(b)
	}
	if d.UIDRemaining != nil {
		b = append(b, `,"uid_remaining":`...)
		if d.UIDRemaining.Known {
			b = strconv.AppendInt(b, int64(d.UIDRemaining.Count), 10)
		} else {
			b = append(b, "null"...)
		}
	}
	return b, nil
}

func (m *Message) append(b []byte) []byte {
	if m.Binary {
		b = append(b, `{"binary":"`...)
		b = base64.StdEncoding.AppendEncode(b, m.Payload)
		return append(b, `"}`...)
	}
	b = append(b, `{"text":`...)
	b = appendString(b, m.Payload)
	return append(b, '}')
}

func (c *CloseInfo) append(b []byte) []byte {
	b = append(b, `{"code":`...)
	b = strconv.AppendInt(b, int64(c.Code), 10)
	b = append(b, `,"reason":`...)
	b = appendString(b, c.Reason)
	b = append(b, `,"initiator":`...)
	b = appendString(b, c.Initiator)
	b = append(b, `,"duration_ms":`...)
	b = strconv.AppendInt(b, c.DurationMS, 10)
	b = append(b, `,"messages_in":`...)
	b = strconv.AppendUint(b, c.MessagesIn, 10)
	b = append(b, `,"messages_out":`...)
	b = strconv.AppendUint(b, c.MessagesOut, 10)
	return append(b, '}')
}

// appendJSON appends JSON that is there already, without its white space.
func appendJSON(b []byte, raw json.RawMessage) ([]byte, error) {
	switch {
	case raw == nil:
		return append(b, "null"...), nil
	case string(raw) == "{}":
		return append(b, "{}"...), nil
	}
	buffer := bytes.NewBuffer(b)
	err := json.Compact(buffer, raw)
	return buffer.Bytes(), err
}

func appendStrings(b []byte, list []string) []byte {
	if list == nil {
		return append(b, "null"...)
	}
	b = append(b, '[')
	for i, s := range list {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendString(b, s)
	}
	return append(b, ']')
}

const hexDigits = "0123456789abcdef"

// appendString appends a JSON string as Marshal writes it: bytes that aren't UTF-8
// become U+FFFD, and the two line ends that JavaScript once took for such are escaped.
func appendString[S ~string | ~[]byte](b []byte, s S) []byte {
	b = append(b, '"')
	start := 0 // of what isn't appended yet
	for i := 0; i < len(s); {
		c := s[i]
		if c < utf8.RuneSelf {
			if c >= ' ' && c != '"' && c != '\\' {
				i++
				continue
			}
			b = append(b, s[start:i]...)
			b = appendEscape(b, c)
			i++
			start = i
			continue
		}
		n := min(len(s)-i, utf8.UTFMax)
		switch r, size := utf8.DecodeRuneInString(string(s[i : i+n])); {
		case r == utf8.RuneError && size == 1:
			b = append(b, s[start:i]...)
			b = append(b, `\ufffd`...)
			i++
			start = i
		case r == '\u2028' || r == '\u2029':
			b = append(b, s[start:i]...)
			b = append(b, `\u202`...)
			b = append(b, hexDigits[r&0xf])
			i += size
			start = i
		default:
			i += size
		}
	}
	b = append(b, s[start:]...)
	return append(b, '"')
}

func appendEscape(b []byte, c byte) []byte {
	switch c {
	case '"', '\\':
		return append(b, '\\', c)
	case '\b':
		return append(b, `\b`...)
	case '\f':
		return append(b, `\f`...)
	case '\n':
		return append(b, `\n`...)
	case '\r':
		return append(b, `\r`...)
	case '\t':
		return append(b, `\t`...)
	}
	return append(b, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&0xf])
}
