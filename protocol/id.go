package protocol

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"fmt"
	"strconv"
	"strings"
)

// idAlphabet is base32hex in lower case, without padding: [0-9a-v].
var idAlphabet = base32.NewEncoding("0123456789abcdefghijklmnopqrstuv").WithPadding(base32.NoPadding)

const (
	nodeTagBytes  = 5  // 8 characters
	idRandomBytes = 15 // 120 random bits, 24 characters
	nodeTagChars  = 8
)

// NodeTag is the part of a client id that says which node holds the client: a
// digest of the node's name, so that any name fits.
func NodeTag(node string) string {
	sum := sha256.Sum256([]byte("gatepost node " + node))
	return idAlphabet.EncodeToString(sum[:nodeTagBytes])
}

// NewClientID makes a client id on the node with this tag: the tag and 120
// random bits, 32 characters of [0-9a-v].
func NewClientID(nodeTag string) string {
	var b [idRandomBytes]byte
	_, _ = rand.Read(b[:]) // never fails: crypto/rand ends the process instead
	return nodeTag + idAlphabet.EncodeToString(b[:])
}

// ClientNodeTag is the tag of the node that made this client id, or empty where
// the id is too short to carry one.
func ClientNodeTag(clientID string) string {
	if len(clientID) <= nodeTagChars {
		return ""
	}
	return clientID[:nodeTagChars]
}

// CheckClientID says whether id could be a client's: 1 to 40 of [a-z0-9].
func CheckClientID(field, id string) error {
	bad := func(detail string) error {
		return &Problem{Status: 400, Code: CodeBadClientID, Field: field, Detail: detail}
	}
	if id == "" || len(id) > MaxClientIDBytes {
		return bad(fmt.Sprintf("has %d characters; a client id has 1 to %d of [a-z0-9]", len(id), MaxClientIDBytes))
	}
	for i := range len(id) {
		if c := id[i]; (c < '0' || c > '9') && (c < 'a' || c > 'z') {
			return bad("has a character outside [a-z0-9]")
		}
	}
	return nil
}

const eventPrefix = "evt_"

// EventID is the id of a client's event with this sequence number. A client's
// close has CloseEventID instead, whatever its number.
func EventID(clientID string, seq uint64) string {
	return eventPrefix + clientID + "_" + strconv.FormatUint(seq, 10)
}

// CloseEventID is the id of a client's close: a function of the client id alone,
// so that whoever makes the event, and however often, a backend can tell that it
// is the same one.
func CloseEventID(clientID string) string {
	return eventPrefix + clientID + "_close"
}

// EventClientID is the id of the client that an event of this id is of; what it gives
// for another text is no client's.
func EventClientID(eventID string) string {
	clientID, _, _ := strings.Cut(strings.TrimPrefix(eventID, eventPrefix), "_")
	return clientID
}
