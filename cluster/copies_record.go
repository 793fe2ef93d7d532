package cluster

import (
	"encoding/binary"
	"errors"
)

// A copied record is an op (1), the length of the client's id (uvarint) and the id;
// for a put, the length of the record (uvarint) and the record.
const (
	opCopy   = 1
	opUncopy = 2
)

var errCopies = errors.New("cluster: copies that make no sense")

func appendCopy(b []byte, clientID string, record []byte) []byte {
	b = append(b, opCopy)
	b = binary.AppendUvarint(b, uint64(len(clientID)))
	b = append(b, clientID...)
	b = binary.AppendUvarint(b, uint64(len(record)))
	return append(b, record...)
}

func appendUncopy(b []byte, clientID string) []byte {
	b = append(b, opUncopy)
	b = binary.AppendUvarint(b, uint64(len(clientID)))
	return append(b, clientID...)
}

// eachCopy calls fn for each record in b, with a nil one for a client whose copies
// go. record is a piece of b.
func eachCopy(b []byte, fn func(clientID string, record []byte)) error {
	for len(b) > 0 {
		op := b[0]
		id, rest, err := cutOff(b[1:])
		if err != nil || len(id) == 0 || op != opCopy && op != opUncopy {
			return errCopies
		}
		var record []byte
		if op == opCopy {
			if record, rest, err = cutOff(rest); err != nil {
				return err
			}
		}
		fn(string(id), record)
		b = rest
	}
	return nil
}

// cutOff cuts off what begins with its own length; it is never nil.
func cutOff(b []byte) (p, rest []byte, err error) {
	n, size := binary.Uvarint(b)
	if size <= 0 || n > uint64(len(b)-size) {
		return nil, nil, errCopies
	}
	return b[size : size+int(n) : size+int(n)], b[size+int(n):], nil
}
