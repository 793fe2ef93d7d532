package gateway

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"gatepost/hub"
	"gatepost/protocol"
	"gatepost/store"
)

// keepMessage writes down a message that waits.
func (g *Gateway) keepMessage(c *hub.Client, o occurrence) Commit {
	if g.cfg.Journal == nil {
		return store.Failed(errNoJournal)
	}
	value, err := json.Marshal(keptMessage{Binary: o.message.Binary, Payload: o.message.Payload, At: o.at, Age: time.Since(o.born)})
	if err != nil {
		return store.Failed(err)
	}
	return g.cfg.Journal.Put(messageKey(c.ID(), o.seq), value)
}

type keptMessage struct {
	Binary  bool          `json:"binary,omitempty"`
	Payload []byte        `json:"payload"`
	At      time.Time     `json:"at"`
	Age     time.Duration `json:"age"` // in nanoseconds, as this was written
}

func messageKey(clientID string, seq uint64) string {
	return fmt.Sprintf("%s%s/%020d", messagePrefix, clientID, seq)
}

// splitMessageKey is the inverse of messageKey.
func splitMessageKey(key string) (clientID string, seq uint64, err error) {
	clientID, digits, _ := strings.Cut(strings.TrimPrefix(key, messagePrefix), "/")
	if seq, err = strconv.ParseUint(digits, 10, 64); err != nil {
		return "", 0, fmt.Errorf("the key %.80q is none of a message's: %w", key, err)
	}
	return clientID, seq, nil
}

// readMessage reads a message that was written down.
func readMessage(key string, value []byte) (id string, o occurrence, err error) {
	var m keptMessage
	id, seq, err := splitMessageKey(key)
	if err := errors.Join(err, json.Unmarshal(value, &m)); err != nil {
		return "", occurrence{}, err
	}
	return id, occurrence{seq: seq, at: m.At, born: protocol.Restored(m.At, m.Age), recorded: true, message: protocol.Message{Binary: m.Binary, Payload: m.Payload}}, nil
}
