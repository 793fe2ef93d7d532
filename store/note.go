package store

import (
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"os"
	"path/filepath"
)

// note is kept beside the log, and tells how the last use of it went: JSON in a line,
// and its CRC32C in hexadecimal digits in another.
type note struct {
	// Openings counts how often the log was being opened, and never was open.
	Openings int `json:"openings"`
	// Closed is the last sequence number when the store was closed in order, else 0.
	Closed uint64 `json:"closed,omitempty"`
	// First is the sequence number below which all was removed by right.
	First uint64 `json:"first,omitempty"`
	// Salvage is the directory, beside the log, from which records are being
	// brought into it.
	Salvage string `json:"salvage,omitempty"`

	damaged bool // there was one, and it can't be read
}

// before is the note as it was before this opening.
func (n note) before() note {
	n.Openings--
	return n
}

// hopeless is how many openings in a row may die with the process before the
// log is set aside: a damaged one must not stop the node for ever.
const hopeless = 3

func (n note) encode() ([]byte, error) {
	b, err := json.Marshal(n)
	return fmt.Appendf(b, "\n%08x\n", crc32.Checksum(b, castagnoli)), err
}

func decodeNote(b []byte) (n note) {
	const sum = len("\n00000000\n")
	text := b[:max(len(b)-sum, 0)]
	if err := json.Unmarshal(text, &n); err != nil {
		return note{damaged: true}
	}
	if again, err := n.encode(); err != nil || string(again) != string(b) {
		return note{damaged: true}
	}
	return n
}

// note reads it; without one there is nothing to tell.
func (d *directory) note() note {
	b, err := os.ReadFile(filepath.Join(d.path, "note"))
	if errors.Is(err, os.ErrNotExist) {
		return note{}
	}
	if err != nil {
		return note{damaged: true}
	}
	return decodeNote(b)
}

// setNote replaces it. It is on the disk then.
func (d *directory) setNote(n note) error {
	b, err := n.encode()
	if err != nil {
		return err
	}
	name := filepath.Join(d.path, "note")
	f, err := os.OpenFile(name+".new", os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(b)
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := os.Rename(name+".new", name); err != nil {
		return err
	}
	return syncDirectory(d.path)
}

// restoreNote undoes what an opening that failed in order has noted; without
// room for it the note goes.
func (d *directory) restoreNote(n note) {
	if d.setNote(n) != nil {
		_ = os.Remove(filepath.Join(d.path, "note"))
	}
}
