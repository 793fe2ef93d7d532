package cluster

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"gatepost/protocol"
)

// beat is what every node tells all others, again and again: who it is, whom it
// takes for members, what it has heard, and who is gone. Fields that are added
// later are ignored by those who don't know them.
type beat struct {
	Name    string   `json:"name"`
	Inc     string   `json:"inc"`
	Seq     uint64   `json:"seq"`
	Version string   `json:"version"`
	Min     int      `json:"min"` // protocol versions that this node speaks, from
	Max     int      `json:"max"` // to
	Started int64    `json:"started"`
	Roots   []string `json:"roots,omitempty"`
	// Prev are incarnations of which this one goes on. Left are those that ended in
	// order: they left, or gave up what others had taken over.
	Prev []string `json:"prev,omitempty"`
	Left []string `json:"left,omitempty"`
	// Open: this node may take in others: it is alone, or has a majority.
	Open    bool       `json:"open,omitempty"`
	Members []beatNode `json:"members"`
	Others  []beatNode `json:"others,omitempty"` // heard, but no members
	Gone    []departed `json:"gone,omitempty"`
	Known   uint64     `json:"known,omitempty"`  // digest of all who are gone
	Silent  []silence  `json:"silent,omitempty"` // members of which nothing was heard for a lease and more

	tag string // of Name
}

// beatNode is another node as the sender of a beat knows it.
type beatNode struct {
	Name string `json:"name"`
	Inc  string `json:"inc"`
	Seq  uint64 `json:"seq,omitempty"`  // of the last beat heard: the acknowledgement
	Mute bool   `json:"mute,omitempty"` // it can't be heard

	tag string // of Name
}

// nodeStart is one incarnation of a node.
type nodeStart struct {
	Tag string `json:"tag"`
	Inc string `json:"inc"`
}

// silence is a member that isn't heard, and whom it took for members itself when
// it was last heard, in its beat with this number: its lease depends on these.
type silence struct {
	nodeStart
	Seq uint64   `json:"seq,omitempty"`
	Own []string `json:"own,omitempty"`
}

// departed says that an incarnation is no member any more.
type departed struct {
	nodeStart
	Name string `json:"name"`
	// Lost: declared lost; else it left in order.
	Lost bool `json:"lost,omitempty"`
	// Electors are the tags of the members when it was declared, Own those that it
	// took for members itself. It counts, and is Final, once a majority of the ones
	// and of the others is Clear: has not acknowledged this incarnation for longer
	// than its lease lasts, and never will again.
	Electors []string `json:"electors,omitempty"`
	Own      []string `json:"own,omitempty"`
	Clear    bool     `json:"clear,omitempty"`
	Final    bool     `json:"final,omitempty"`
	At       int64    `json:"at"` // unix seconds
}

const (
	protocolMin, protocolMax = 1, 1

	beatVersion = 1
	maxBeat     = 768 << 10
	maxNodes    = 2000
	maxPrev     = 16
	maxGone     = 1000
	maxRoots    = 32
	maxVersion  = 256
)

var errBeat = errors.New("cluster: not a beat")

func (b *beat) encode() []byte {
	text, err := json.Marshal(b)
	if err != nil {
		panic(err) // it has only fields that JSON has
	}
	return append([]byte{beatVersion}, text...)
}

// parseBeat reads a beat and checks all that is used of it.
func parseBeat(data []byte) (*beat, error) {
	if len(data) < 2 || len(data) > maxBeat || data[0] != beatVersion {
		return nil, errBeat
	}
	b := &beat{}
	if err := json.Unmarshal(data[1:], b); err != nil {
		return nil, fmt.Errorf("%w: %w", errBeat, err)
	}
	if protocol.CheckName("name", b.Name) != nil || !isInc(b.Inc) || len(b.Version) > maxVersion || b.Min > b.Max ||
		len(b.Members) > maxNodes || len(b.Others) > maxNodes || len(b.Silent) > maxNodes ||
		len(b.Prev) > maxPrev || len(b.Gone) > maxGone || len(b.Left) > maxPrev || len(b.Roots) > maxRoots {
		return nil, errBeat
	}
	b.tag = protocol.NodeTag(b.Name)
	for _, list := range [][]beatNode{b.Members, b.Others} {
		for i := range list {
			if protocol.CheckName("name", list[i].Name) != nil || !isInc(list[i].Inc) {
				return nil, errBeat
			}
			list[i].tag = protocol.NodeTag(list[i].Name)
		}
	}
	for _, inc := range slices.Concat(b.Prev, b.Left) {
		if !isInc(inc) {
			return nil, errBeat
		}
	}
	for _, s := range b.Silent {
		if !s.valid() || !areTags(s.Own) {
			return nil, errBeat
		}
	}
	for i := range b.Gone {
		if !b.Gone[i].valid() {
			return nil, errBeat
		}
	}
	return b, nil
}

func (d *departed) valid() bool {
	if !d.nodeStart.valid() || protocol.CheckName("name", d.Name) != nil || protocol.NodeTag(d.Name) != d.Tag {
		return false
	}
	return areTags(d.Electors) && areTags(d.Own)
}

func areTags(list []string) bool {
	for _, tag := range list {
		if !isTag(tag) {
			return false
		}
	}
	return len(list) <= maxNodes+1
}

func (s nodeStart) valid() bool { return isTag(s.Tag) && isInc(s.Inc) }

// start is the incarnation that the beat is of.
func (b *beat) start() nodeStart { return nodeStart{b.tag, b.Inc} }

// member gives what the beat says of a member.
func (b *beat) member(tag string) (beatNode, bool) { return findNode(b.Members, tag) }

// heard is the number of the last beat of this incarnation that the sender heard.
func (b *beat) heard(tag, inc string) uint64 {
	for _, list := range [][]beatNode{b.Members, b.Others} {
		if n, ok := findNode(list, tag); ok && n.Inc == inc {
			return n.Seq
		}
	}
	return 0
}

// roll lists the tags of the members, in order.
func (b *beat) roll() []string {
	tags := make([]string, 0, len(b.Members))
	for _, n := range b.Members {
		tags = append(tags, n.tag)
	}
	slices.Sort(tags)
	return slices.Compact(tags)
}

func findNode(list []beatNode, tag string) (beatNode, bool) {
	for _, n := range list {
		if n.tag == tag {
			return n, true
		}
	}
	return beatNode{}, false
}
