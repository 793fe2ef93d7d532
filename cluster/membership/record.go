package membership

import "strings"

// State is how far an incarnation has come; it never goes back.
type State string

// The states of an incarnation.
const (
	Joining State = "joining" // it has a key, but not yet its name
	Alive   State = "alive"
	Left    State = "left"    // it ended in order; what it couldn't tell is in its stream
	Claimed State = "claimed" // another acts for it
	Done    State = "done"    // nothing of it is left to do
	Purged  State = "purged"  // only the marker of a deleted key is left
)

// over says whether the incarnation itself may never act again.
func (s State) over() bool { return s != Joining && s != Alive }

// Record is the value of a key. Writer and Nonce tell each attempt to write it from
// every other, so that who isn't told what became of one can recognise it.
type Record struct {
	Epoch       string `json:"epoch"`                 // of the bucket, when it was written
	Incarnation string `json:"incarnation,omitempty"` // whose key it is; for a name's key who holds it
	Name        string `json:"name,omitempty"`
	State       State  `json:"state,omitempty"`
	Claimant    string `json:"claimant,omitempty"` // who acts for it, or did
	Recalled    bool   `json:"recalled,omitempty"` // the claim was lost, and written again
	Writer      string `json:"writer"`
	Nonce       uint64 `json:"nonce"`
}

// Entry is a key of the bucket at one revision.
type Entry struct {
	Key      string
	Record   Record
	Revision uint64
}

// EpochKey holds the random name of the bucket's history: another one after each loss.
const EpochKey = "epoch"

const incarnations, names = "inc.", "name."

// IncarnationKey and NameKey are the keys of an incarnation and of a node's name.
func IncarnationKey(incarnation string) string { return incarnations + incarnation }

// NameKey is the key that holds a name's current incarnation.
func NameKey(name string) string { return names + name }

func isIncarnation(key string) bool { return strings.HasPrefix(key, incarnations) }
