package cluster

import (
	"strings"
	"testing"

	"gatepost/test/wait"
)

// One of three has left, as for an upgrade, and one of the others dies meanwhile:
// the one that comes back stays apart, since nobody can say who of the two is cut
// off. The one that never left goes on, and is ready.
func TestOneOfTwoDiesWhileTheThirdIsAway(t *testing.T) {
	t.Parallel()
	r := newRig(t, newRouted(t, 3), 3)
	r.start(0, 1, 2)
	r.whole(0, 1, 2)
	if err := r.nodes[2].Leave(patient(t)); err != nil {
		t.Fatal(err)
	}
	r.stop(2)
	r.awaitSees(0, "b")
	r.stop(1)
	r.awaitSees(0, "(b)")
	r.start(2)
	wait.Within(t, patience, "the one that is back says why it stays apart", func() bool {
		err := r.nodes[2].Health()
		return err != nil && strings.Contains(err.Error(), "stay apart")
	})
	wait.Stays(t, "the one that stayed is ready", quick.lease, func() bool { return r.nodes[0].Health() == nil })
	if err := r.nodes[0].Forget(patient(t), "b"); err != nil {
		t.Fatal(err)
	}
	r.whole(0, 2)
}
