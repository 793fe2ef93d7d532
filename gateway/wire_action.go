package gateway

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"

	"gatepost/protocol"
)

// field names a field of an action between nodes: the byte, how long it is, and
// what it says. A list is its field again and again; a field that says nothing is
// left out.
type field byte

const (
	fieldVerb field = iota + 1
	fieldClientID
	fieldUID
	fieldToClient
	fieldToUID
	fieldToGroup
	fieldToAll
	fieldExceptClient
	fieldExceptUID
	fieldExceptGroup
	fieldExceptAll
	fieldMembership
	fieldGroup
	fieldText
	fieldBinary
	fieldSessionMode
	fieldSession
	fieldIfMatch
	fieldUntil
	fieldCode
	fieldReason
	fieldForce
	fieldDiscard
)

// maxActionNames bounds each list of an action that a node reads.
const maxActionNames = protocol.MaxNames

// encodeAction makes the request to carry an action out, or to see whether it might
// be, on the clients of t instead of its own target.
func encodeAction(o op, a *protocol.Action, t protocol.Target) []byte {
	w := actionWriter{raw: make([]byte, 0, 128)}
	if a.Message != nil {
		w.raw = make([]byte, 0, 256+len(a.Message.Payload))
	}
	w.raw = append(w.raw, byte(o))
	w.text(fieldVerb, string(a.Verb))
	w.text(fieldClientID, a.ClientID)
	w.text(fieldUID, a.UID)
	w.texts(fieldToClient, t.Clients)
	w.texts(fieldToUID, t.UIDs)
	w.texts(fieldToGroup, t.Groups)
	w.flag(fieldToAll, t.All)
	w.texts(fieldExceptClient, a.Except.Clients)
	w.texts(fieldExceptUID, a.Except.UIDs)
	w.texts(fieldExceptGroup, a.Except.Groups)
	w.flag(fieldExceptAll, a.Except.All)
	w.texts(fieldMembership, a.Memberships)
	w.text(fieldGroup, a.Group)
	w.text(fieldSessionMode, string(a.SessionMode))
	w.text(fieldSession, string(a.Session))
	w.text(fieldIfMatch, a.SessionIfMatch)
	if a.Until != nil {
		w.number(fieldUntil, *a.Until)
	}
	if a.Code != 0 {
		w.number(fieldCode, int64(a.Code))
	}
	w.text(fieldReason, a.Reason)
	w.flag(fieldForce, a.Force)
	w.flag(fieldDiscard, a.Discard)
	if a.Message != nil {
		kind := fieldText
		if a.Message.Binary {
			kind = fieldBinary
		}
		w.head(kind, len(a.Message.Payload))
		w.raw = append(w.raw, a.Message.Payload...)
	}
	return w.raw
}

type actionWriter struct{ raw []byte }

func (w *actionWriter) head(f field, size int) {
	w.raw = binary.AppendUvarint(append(w.raw, byte(f)), uint64(size))
}

func (w *actionWriter) text(f field, s string) {
	if s != "" {
		w.head(f, len(s))
		w.raw = append(w.raw, s...)
	}
}

func (w *actionWriter) texts(f field, list []string) {
	for _, s := range list {
		w.text(f, s)
	}
}

func (w *actionWriter) flag(f field, set bool) {
	if set {
		w.head(f, 0)
	}
}

func (w *actionWriter) number(f field, n int64) {
	var b [binary.MaxVarintLen64]byte
	size := binary.PutVarint(b[:], n)
	w.head(f, size)
	w.raw = append(w.raw, b[:size]...)
}

// decodeAction reads an action. It keeps the limits that ParseAction keeps. The
// message's payload lies within raw.
func decodeAction(raw []byte) (*protocol.Action, error) {
	a := &protocol.Action{}
	r := reader{raw: raw}
	for len(r.raw) > 0 {
		f := field(r.raw[0])
		r.raw = r.raw[1:]
		value := r.bytes()
		if r.bad {
			return nil, fmt.Errorf("%w: it ends too early", errUnreadable)
		}
		if err := setField(a, f, value); err != nil {
			return nil, fmt.Errorf("%w: field %d: %w", errUnreadable, f, err)
		}
	}
	switch a.Verb {
	case protocol.VerbSend:
		if a.Message == nil {
			return nil, fmt.Errorf("%w: there is no message", errUnreadable)
		}
	case protocol.VerbBind, protocol.VerbUnbind, protocol.VerbJoin, protocol.VerbLeave,
		protocol.VerbDissolve, protocol.VerbSession, protocol.VerbUntil, protocol.VerbClose:
	default:
		return nil, fmt.Errorf("%w: an action that isn't known", errUnreadable)
	}
	return a, nil
}

func setField(a *protocol.Action, f field, value []byte) (err error) {
	switch f {
	case fieldVerb:
		a.Verb = protocol.Verb(value)
	case fieldClientID:
		a.ClientID, err = checked(value, protocol.CheckClientID)
	case fieldUID:
		a.UID, err = checked(value, protocol.CheckName)
	case fieldToClient:
		err = another(&a.Clients, value, protocol.CheckClientID)
	case fieldToUID:
		err = another(&a.UIDs, value, protocol.CheckName)
	case fieldToGroup:
		err = another(&a.Groups, value, protocol.CheckName)
	case fieldToAll:
		a.All = true
	case fieldExceptClient:
		err = another(&a.Except.Clients, value, protocol.CheckClientID)
	case fieldExceptUID:
		err = another(&a.Except.UIDs, value, protocol.CheckName)
	case fieldExceptGroup:
		err = another(&a.Except.Groups, value, protocol.CheckName)
	case fieldExceptAll:
		a.Except.All = true
	case fieldMembership:
		err = another(&a.Memberships, value, protocol.CheckName)
	case fieldGroup:
		a.Group, err = checked(value, protocol.CheckName)
	case fieldText:
		a.Message, err = protocol.TextMessage("text", value)
	case fieldBinary:
		a.Message = &protocol.Message{Binary: true, Payload: value}
	case fieldSessionMode:
		a.SessionMode = protocol.SessionMode(value)
	case fieldSession:
		a.Session, err = session(value)
	case fieldIfMatch:
		a.SessionIfMatch = string(value)
	case fieldUntil:
		a.Until = new(int64)
		*a.Until, err = number(value)
	case fieldCode:
		var code int64
		if code, err = number(value); err == nil {
			a.Code, err = protocol.ParseCloseCode("code", code)
		}
	case fieldReason:
		a.Reason, err = checked(value, protocol.CheckReason)
	case fieldForce:
		a.Force = true
	case fieldDiscard:
		a.Discard = true
	default:
		err = fmt.Errorf("isn't known")
	}
	return err
}

func checked(value []byte, check func(field, s string) error) (string, error) {
	s := string(value)
	return s, check("it", s)
}

func another(into *[]string, value []byte, check func(field, s string) error) error {
	if len(*into) == maxActionNames {
		return fmt.Errorf("comes more than %d times", maxActionNames)
	}
	s, err := checked(value, check)
	*into = append(*into, s)
	return err
}

func number(value []byte) (int64, error) {
	n, size := binary.Varint(value)
	if size != len(value) || size == 0 {
		return 0, fmt.Errorf("is no number")
	}
	return n, nil
}

func session(value []byte) (json.RawMessage, error) {
	if err := protocol.CheckJSON(value); err != nil {
		return nil, err
	}
	return protocol.ParseSession("it", value)
}

// strictly decodes JSON, and refuses what into has no field for.
func strictly(raw []byte, into any) error {
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.DisallowUnknownFields()
	return dec.Decode(into)
}
