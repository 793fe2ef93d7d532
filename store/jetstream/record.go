package jetstream

import (
	"encoding/binary"
	"errors"
	"hash/crc32"
	"slices"
)

// A message of the log is a head and records:
//
//	head:   "GPS1", token (8), previous (8), CRC32C of these (4)
//	record: op (1), key length (uvarint), value length (uvarint), key, value, CRC32C of all these (4)
//
// Numbers are little-endian. The token tells who wrote the message: the upper
// half is the store's, random at each Open, the lower half counts. Previous is
// the sequence number of the message that this one follows: whatever lies
// between was given up by its writer, and doesn't count.
const (
	magic    = "GPS1"
	headSize = 24

	opPut    = 1
	opDelete = 2
)

var (
	castagnoli = crc32.MakeTable(crc32.Castagnoli)

	errHead   = errors.New("no message of a store")
	errShort  = errors.New("record is cut off")
	errRecord = errors.New("record's checksum is wrong")
)

// writeHead fills the first headSize bytes of b.
func writeHead(b []byte, token, previous uint64) {
	copy(b, magic)
	binary.LittleEndian.PutUint64(b[4:], token)
	binary.LittleEndian.PutUint64(b[12:], previous)
	binary.LittleEndian.PutUint32(b[20:], crc32.Checksum(b[:20], castagnoli))
}

func readHead(b []byte) (token, previous uint64, err error) {
	if len(b) < headSize || string(b[:4]) != magic ||
		binary.LittleEndian.Uint32(b[20:]) != crc32.Checksum(b[:20], castagnoli) {
		return 0, 0, errHead
	}
	return binary.LittleEndian.Uint64(b[4:]), binary.LittleEndian.Uint64(b[12:]), nil
}

// record is one put or delete; key and value share the message's memory.
type record struct {
	op         byte
	key, value []byte
}

// recordSize is how many bytes appendRecord adds, at most.
func recordSize(key string, value int) int {
	return 1 + 2*binary.MaxVarintLen32 + len(key) + value + 4
}

func appendRecord(b []byte, op byte, key string, value []byte) []byte {
	from := len(b)
	b = slices.Grow(b, recordSize(key, len(value)))
	b = append(b, op)
	b = binary.AppendUvarint(b, uint64(len(key)))
	b = binary.AppendUvarint(b, uint64(len(value)))
	b = append(b, key...)
	b = append(b, value...)
	return binary.LittleEndian.AppendUint32(b, crc32.Checksum(b[from:], castagnoli))
}

// readRecord reads the first record of b and says how long it is. With
// errRecord the length is what the record claims; with errShort there is none.
func readRecord(b []byte) (r record, size int, err error) {
	if len(b) == 0 {
		return r, 0, errShort
	}
	at := 1
	key, n := binary.Uvarint(b[at:])
	if n <= 0 {
		return r, 0, errShort
	}
	at += n
	value, n := binary.Uvarint(b[at:])
	if n <= 0 {
		return r, 0, errShort
	}
	at += n
	left := uint64(len(b) - at)
	if key > left || value > left-key || left-key-value < 4 {
		return r, 0, errShort
	}
	end := at + int(key+value)
	r = record{op: b[0], key: b[at : at+int(key)], value: b[at+int(key) : end]}
	if binary.LittleEndian.Uint32(b[end:]) != crc32.Checksum(b[:end], castagnoli) ||
		r.op != opPut && r.op != opDelete || key == 0 {
		return record{}, end + 4, errRecord
	}
	return r, end + 4, nil
}

// records calls fn for each record of a message with its place in it, and
// counts those that can't be read. It goes on behind a bad one as long as
// lengths make sense.
func records(message []byte, fn func(r record, off, size int)) (bad int) {
	for at := headSize; at < len(message); {
		r, size, err := readRecord(message[at:])
		switch {
		case err == nil:
			fn(r, at, size)
		case errors.Is(err, errRecord):
			bad++
		default:
			return bad + 1
		}
		at += size
	}
	return bad
}
