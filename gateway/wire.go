package gateway

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"math"

	"gatepost/protocol"
)

// What nodes ask each other: a byte that says what, then an action in fields of its
// own (see wire_action.go), or a question in JSON. A field that isn't known makes
// the whole request unreadable: an exception that a newer node asks for must not be
// passed over.
//
// What they answer: a byte that says how it went, the names of nodes that didn't
// answer the answering one, and the result. There, what isn't known is passed over.

// op is what a request asks for.
type op byte

const (
	opDo      op = iota + 1 // an action
	opMayJoin               // whether a join would be within the limits
	opClient                // one client
	opClients               // a page of clients
	opSession               // a session
	opGroups                // a page of groups
	opUIDs                  // a page of uids
	opLookup                // many names
	opCount                 // how many clients a uid has
	opStats                 // the node in numbers
	opLetters               // a page of dead letters
	opLetter                // one dead letter
	opHave                  // which of these dead letters there are
	opReplay                // dead letters, again
	opDrop                  // a dead letter, away
	opEnd                   // none: the first number without a meaning
)

// request is what one node asks another.
type request struct {
	op     op
	action *protocol.Action // of opDo and opMayJoin
	ask    question         // of all others
}

// question is what a query asks, in the fields that it has.
type question struct {
	ID      string   `json:"id,omitempty"`
	Clients []string `json:"clients,omitempty"`
	UIDs    []string `json:"uids,omitempty"`
	Groups  []string `json:"groups,omitempty"`
	IDs     []string `json:"ids,omitempty"`
	All     bool     `json:"all,omitempty"`
	Limit   int      `json:"limit,omitempty"`
	Cursor  []byte   `json:"cursor,omitempty"` // whatever bytes the caller sent
}

func (q *question) page() protocol.Page {
	return protocol.Page{Limit: q.Limit, Cursor: string(q.Cursor)}
}

// encodeQuestion makes the request of a query.
func encodeQuestion(o op, q question) []byte {
	body, err := json.Marshal(q)
	if err != nil {
		panic(err) // strings, bytes and numbers always encode
	}
	return append([]byte{byte(o)}, body...)
}

var errUnreadable = errors.New("the request can't be read")

// decodeRequest reads what encodeAction or encodeQuestion wrote.
func decodeRequest(raw []byte) (*request, error) {
	if len(raw) == 0 {
		return nil, errUnreadable
	}
	r := &request{op: op(raw[0])}
	var err error
	switch {
	case r.op == 0 || r.op >= opEnd:
		err = fmt.Errorf("%w: operation %d isn't known", errUnreadable, r.op)
	case r.op == opDo || r.op == opMayJoin:
		r.action, err = decodeAction(raw[1:])
	default:
		err = r.ask.decode(raw[1:])
	}
	if err != nil {
		return nil, err
	}
	return r, nil
}

func (q *question) decode(raw []byte) error {
	if err := protocol.CheckJSON(raw); err != nil {
		return fmt.Errorf("%w: %w", errUnreadable, err)
	}
	if err := strictly(raw, q); err != nil {
		return fmt.Errorf("%w: %w", errUnreadable, err)
	}
	if q.Limit < 0 || q.Limit > protocol.MaxPage {
		return fmt.Errorf("%w: limit %d", errUnreadable, q.Limit)
	}
	for _, names := range [][]string{q.Clients, q.UIDs, q.Groups, q.IDs} {
		if len(names) > protocol.MaxNames {
			return fmt.Errorf("%w: %d names", errUnreadable, len(names))
		}
	}
	return nil
}

// How a call went, in the first byte of its answer.
const (
	wentWell   byte = iota
	wentWrong       // with a problem that is the caller's to hear
	unreadable      // the request is of a newer release, or damaged
)

// maxMissed is how many names of nodes an answer may hold.
const maxMissed = 10_000

// encodeAnswer is an answer: missed are the nodes that didn't answer this one.
func encodeAnswer(how byte, missed []string, body []byte) []byte {
	raw := make([]byte, 0, 16+len(body))
	raw = append(raw, how)
	raw = binary.AppendUvarint(raw, uint64(len(missed)))
	for _, name := range missed {
		raw = binary.AppendUvarint(raw, uint64(len(name)))
		raw = append(raw, name...)
	}
	return append(raw, body...)
}

var errBadAnswer = errors.New("the answer can't be read")

// decodeAnswer is the inverse of encodeAnswer.
func decodeAnswer(raw []byte) (how byte, missed []string, body []byte, err error) {
	if len(raw) == 0 {
		return 0, nil, nil, errBadAnswer
	}
	r := reader{raw: raw[1:]}
	n := r.uvarint()
	if n > maxMissed {
		return 0, nil, nil, errBadAnswer
	}
	for ; n > 0 && !r.bad; n-- {
		missed = append(missed, string(r.bytes()))
	}
	if r.bad {
		return 0, nil, nil, errBadAnswer
	}
	return raw[0], missed, r.raw, nil
}

// encodeCounts is the result of what is answered with numbers.
func encodeCounts(counts ...int) []byte {
	var raw []byte
	for _, n := range counts {
		raw = binary.AppendUvarint(raw, uint64(n))
	}
	return raw
}

// decodeCounts reads so many numbers.
func decodeCounts(raw []byte, n int) ([]int, error) {
	r := reader{raw: raw}
	counts := make([]int, n)
	for i := range counts {
		count := r.uvarint()
		if r.bad || count > math.MaxInt32 {
			return nil, errBadAnswer
		}
		counts[i] = int(count)
	}
	return counts, nil
}

// reader takes a message apart. Once bad, it gives zeros.
type reader struct {
	raw []byte
	bad bool
}

func (r *reader) uvarint() uint64 {
	n, size := binary.Uvarint(r.raw)
	if size <= 0 {
		r.raw, r.bad = nil, true
		return 0
	}
	r.raw = r.raw[size:]
	return n
}

// bytes is a part of the message that says how long it is.
func (r *reader) bytes() []byte {
	n := r.uvarint()
	if n > uint64(len(r.raw)) {
		r.raw, r.bad = nil, true
		return nil
	}
	b := r.raw[:n]
	r.raw = r.raw[n:]
	return b
}
