package store

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/minio/highwayhash"
)

// The embedded server's block files, read beside it: after a process was
// killed it cuts a block off at the first bad byte without a word, and what
// lay behind is gone. So they are checked before it starts. A block is
// records of
//
//	length (4, top bit: has headers), sequence (8, top bit: a tombstone), time (8), subject length (2),
//	subject, [length of headers (4), headers,] data, HighwayHash-64 of the rest (8)
//
// and its hash is keyed by the stream's name and the block's number.
const (
	blockHead = 22
	blockHash = 8
	headerBit = 1 << 31
	// markBits mark tombstones and erased messages, which carry no data.
	markBits = 1<<63 | 1<<62
)

// blockFault is a place where a block doesn't make sense.
type blockFault struct {
	file  string
	at    int
	bytes int  // up to the next record that does, or to the end
	tail  bool // the log ends there
}

// blockFiles lists a stream's blocks in order; none if there is no stream.
func blockFiles(dir string) ([]string, error) {
	files, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	var numbers []int
	for _, f := range files {
		if n, err := strconv.Atoi(strings.TrimSuffix(f.Name(), ".blk")); err == nil && f.Type().IsRegular() {
			numbers = append(numbers, n)
		}
	}
	slices.Sort(numbers)
	names := make([]string, len(numbers))
	for i, n := range numbers {
		names[i] = filepath.Join(dir, fmt.Sprintf("%d.blk", n))
	}
	return names, nil
}

// blockReader goes through one block.
type blockReader struct {
	data    []byte
	hash    hash.Hash64
	subject []byte
}

func newBlockReader(file, stream, subject string) (*blockReader, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	key := sha256.Sum256([]byte(stream + "-" + strings.TrimSuffix(filepath.Base(file), ".blk")))
	h, err := highwayhash.New64(key[:])
	if err != nil {
		return nil, err
	}
	return &blockReader{data, h, []byte(subject)}, nil
}

// record reads the record at an offset: how long it is, and its data unless it
// is a mark. ok is false if it makes no sense.
func (b *blockReader) record(at int) (seq uint64, data []byte, size int, ok bool) {
	rest := b.data[at:]
	if len(rest) < blockHead+blockHash {
		return 0, nil, 0, false
	}
	length := binary.LittleEndian.Uint32(rest)
	size = int(length &^ headerBit)
	subject := int(binary.LittleEndian.Uint16(rest[20:]))
	if size < blockHead+blockHash+subject || size > len(rest) {
		return 0, nil, 0, false
	}
	body := rest[blockHead+subject : size-blockHash]
	if length&headerBit != 0 {
		if len(body) < 4 || uint64(binary.LittleEndian.Uint32(body)) > uint64(len(body)-4) {
			return 0, nil, 0, false
		}
	}
	b.hash.Reset()
	_, _ = b.hash.Write(rest[4:20])
	_, _ = b.hash.Write(rest[blockHead : blockHead+subject])
	if length&headerBit != 0 {
		_, _ = b.hash.Write(body[4:])
		body = body[4+binary.LittleEndian.Uint32(body):]
	} else {
		_, _ = b.hash.Write(body)
	}
	var sum [blockHash]byte
	if !bytes.Equal(b.hash.Sum(sum[:0]), rest[size-blockHash:size]) {
		return 0, nil, 0, false
	}
	seq = binary.LittleEndian.Uint64(rest[4:])
	if seq&markBits != 0 || seq == 0 {
		return 0, nil, size, true
	}
	return seq, body, size, true
}

// again finds the next record behind a bad place by the subject that each has;
// the block's length if there is none.
func (b *blockReader) again(at int) int {
	for from := at + blockHead + 1; from < len(b.data); {
		i := bytes.Index(b.data[from:], b.subject)
		if i < 0 {
			break
		}
		from += i
		if _, _, _, ok := b.record(from - blockHead); ok {
			return from - blockHead
		}
		from++
	}
	return len(b.data)
}

// readBlocks calls fn for each message in a stream's blocks, in order, and
// returns where they don't make sense. What fn gets is its own.
func readBlocks(dir, stream, subject string, fn func(seq uint64, data []byte)) (faults []blockFault, err error) {
	files, err := blockFiles(dir)
	if err != nil {
		return nil, err
	}
	for i, file := range files {
		b, err := newBlockReader(file, stream, subject)
		if err != nil {
			return nil, err
		}
		for at := 0; at < len(b.data); {
			seq, data, size, ok := b.record(at)
			if !ok {
				next := b.again(at)
				faults = append(faults, blockFault{file: filepath.Base(file), at: at, bytes: next - at,
					tail: i == len(files)-1 && next == len(b.data)})
				at = next
				continue
			}
			if data != nil {
				fn(seq, data)
			}
			at += size
		}
	}
	return faults, nil
}
