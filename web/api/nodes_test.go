package api_test

import (
	"testing"

	"gatepost/web/api"
)

// Forgetting a node needs the scope admin, takes any name, and where there is no
// cluster finds nobody.
func TestForgetNode(t *testing.T) {
	cluster := &others{}
	n := startWith(t, func(d *api.Deps) { d.Nodes = cluster })
	for _, c := range []struct {
		scope, path string
		status      int
	}{
		{"read push bind group session close", "/nodes/lost%20one", 403},
		{"admin", "/nodes/lost%20one", 200},
		{"admin", "/nodes/here", 409},
		{"admin", "/nodes/a%2Fb", 404},
		{"admin", "/nodes/a/b", 404},
		{"admin", "/nodes/", 404},
	} {
		if got := n.call("DELETE", c.path, "", request{scope: c.scope}); got.status != c.status {
			t.Errorf("DELETE %s with %s: %d, want %d", c.path, c.scope, got.status, c.status)
		}
	}
	if len(cluster.forgotten) != 1 {
		t.Errorf("forgotten: %q", cluster.forgotten)
	}
	alone := startWith(t, func(d *api.Deps) { d.Nodes = nil })
	if got := alone.call("DELETE", "/nodes/lost%20one", ""); got.status != 404 {
		t.Errorf("alone: %d", got.status)
	}
}
