package cluster

import "errors"

// A copied record is an op (1) and the client's id; for a put, the record too. Both
// begin with their lengths.
const (
	opCopy   = 1
	opUncopy = 2
)

var errCopies = errors.New("cluster: copies that make no sense")

func appendCopy(b []byte, clientID string, record []byte) []byte {
	return appendSized(appendSized(append(b, opCopy), clientID), record)
}

func appendUncopy(b []byte, clientID string) []byte {
	return appendSized(append(b, opUncopy), clientID)
}

// eachCopy calls fn for each record in b, with a nil one for a client whose copies
// go. record is a piece of b.
func eachCopy(b []byte, fn func(clientID string, record []byte)) error {
	for len(b) > 0 {
		op := b[0]
		id, rest, err := cutSized(b[1:])
		if err != nil || len(id) == 0 || op != opCopy && op != opUncopy {
			return errCopies
		}
		var record []byte
		if op == opCopy {
			if record, rest, err = cutSized(rest); err != nil {
				return err
			}
		}
		fn(string(id), record)
		b = rest
	}
	return nil
}
