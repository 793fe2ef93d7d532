package cluster

import (
	"encoding/json"
	"fmt"
	"slices"
)

// memberKey holds what a node must know when it starts again.
const memberKey = "n/members"

// record is that: what it was, who the members are, who is gone.
type record struct {
	Name      string         `json:"name"`
	Inc       string         `json:"inc"`
	Prev      []string       `json:"prev,omitempty"`
	Quit      []string       `json:"left,omitempty"`
	Ended     bool           `json:"ended,omitempty"` // it left in order: nothing of it goes on
	Suspected bool           `json:"doomed,omitempty"`
	Members   []memberRecord `json:"members,omitempty"`
	Gone      []departed     `json:"gone,omitempty"`
}

type memberRecord struct {
	Name      string   `json:"name"`
	Tag       string   `json:"tag"`
	Inc       string   `json:"inc"`
	Confirmed bool     `json:"confirmed,omitempty"`
	Own       []string `json:"own,omitempty"`
}

// record makes the record of all that is so now.
func (r *roster) record() *record {
	rec := &record{Name: r.name, Inc: r.inc, Prev: r.prev, Quit: r.quit, Suspected: r.suspected}
	for _, tomb := range r.gone {
		rec.Gone = append(rec.Gone, tomb.departed)
	}
	if r.state == leaving {
		rec.Ended, rec.Suspected, rec.Prev, rec.Quit = true, false, nil, latest(append(slices.Clone(r.quit), r.inc))
		return rec
	}
	for _, m := range r.inOrder() {
		rec.Members = append(rec.Members, memberRecord{m.name, m.tag, m.inc, m.confirmed, m.own})
	}
	return rec
}

// keep notes that a record is kept, as of the change with this number. Only what
// is kept is told: a node that starts again must not have forgotten it.
func (r *roster) keep(rec *record, change uint64) {
	r.kept = change
	clear(r.public)
	r.public[nodeStart{r.tag, rec.Inc}] = true
	for _, m := range rec.Members {
		r.public[nodeStart{m.Tag, m.Inc}] = true
	}
	for i := range rec.Gone {
		r.public[rec.Gone[i].nodeStart] = true
	}
	r.news = true
	r.confirm()
}

// load goes on from what an earlier process kept.
func (r *roster) load(rec *record) {
	for i := range rec.Gone {
		d := rec.Gone[i]
		r.gone[d.nodeStart] = &tombstone{departed: d, clear: make(map[string]bool)}
		r.public[d.nodeStart] = true
	}
	if rec.Name != r.name { // the directory was another node's
		return
	}
	r.quit = latest(rec.Quit)
	if rec.Ended {
		return
	}
	r.suspected = rec.Suspected
	r.prev = latest(append(slices.Clone(rec.Prev), rec.Inc))
	for _, m := range rec.Members {
		if m.Tag != r.tag {
			r.members[m.Tag] = &member{name: m.Name, tag: m.Tag, inc: m.Inc, confirmed: m.Confirmed, own: m.Own}
		}
	}
}

// readRecord reads the record that an earlier process kept; nil if there is none.
func readRecord(s State) (rec *record, err error) {
	err = s.Scan(memberKey, func(key string, value []byte) error {
		if key != memberKey {
			return nil
		}
		rec = &record{}
		return json.Unmarshal(value, rec)
	})
	if err != nil {
		return nil, fmt.Errorf("cluster: what this node knew of the others can't be read: %w", err)
	}
	return rec, nil
}

// latest cuts a list of incarnations to those that are remembered.
func latest(list []string) []string { return list[max(0, len(list)-maxPrev):] }
