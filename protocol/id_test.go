package protocol_test

import (
	"regexp"
	"strings"
	"testing"

	"gatepost/protocol"
)

// Whatever a node is called, its clients' ids are of the contract's form, name
// their node and are never the same.
func TestClientIDsNameTheirNode(t *testing.T) {
	form := regexp.MustCompile(`^[a-z0-9]{1,40}$`)
	seen := map[string]bool{}
	tags := map[string]string{}
	for _, node := range []string{"", "n1", "n2", "Zoë", "a b/c*>", strings.Repeat("x", 1000), "\x00"} {
		tag := protocol.NodeTag(node)
		if other, taken := tags[tag]; taken {
			t.Errorf("nodes %q and %q share the tag %s", node, other, tag)
		}
		tags[tag] = node
		for range 1000 {
			id := protocol.NewClientID(tag)
			if !form.MatchString(id) || protocol.CheckClientID("client_id", id) != nil {
				t.Fatalf("node %q: id %q", node, id)
			}
			if protocol.ClientNodeTag(id) != tag {
				t.Fatalf("node %q: id %q has the tag %q, want %q", node, id, protocol.ClientNodeTag(id), tag)
			}
			if seen[id] {
				t.Fatalf("id %q came twice", id)
			}
			seen[id] = true
			// 5 bits in each character behind the tag.
			if bits := 5 * (len(id) - len(tag)); bits < 80 {
				t.Fatalf("id %q has %d random bits", id, bits)
			}
		}
	}
}

func TestCheckClientID(t *testing.T) {
	for _, id := range []string{"a", "0", strings.Repeat("z", 40)} {
		if err := protocol.CheckClientID("client_id", id); err != nil {
			t.Errorf("%q is refused: %v", id, err)
		}
		if tag := protocol.ClientNodeTag(id); len(id) <= 8 && tag != "" {
			t.Errorf("%q has the tag %q", id, tag)
		}
	}
	for _, id := range []string{"", strings.Repeat("z", 41), "A", "a-b", "a/b", "a.", "é", "a\x00", " a"} {
		wantProblem(t, protocol.CheckClientID("client_id", id), 400, protocol.CodeBadClientID, "client_id")
	}
}

func TestEventIDs(t *testing.T) {
	if got, want := protocol.EventID("c1", 18446744073709551615), "evt_c1_18446744073709551615"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got, want := protocol.CloseEventID("c1"), "evt_c1_close"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	for _, id := range []string{protocol.EventID("c1", 7), protocol.CloseEventID("c1")} {
		if got := protocol.EventClientID(id); got != "c1" {
			t.Errorf("%s is of client %q, want c1", id, got)
		}
	}
}
