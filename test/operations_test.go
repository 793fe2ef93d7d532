package test

import (
	"strings"
	"testing"

	"gatepost/test/harness"
)

// What an operator sees: totals, readiness, metrics.
func TestStatsAndHealth(t *testing.T) {
	t.Parallel()
	backend := harness.NewBackend(t, nil)
	r := newRoom(t, backend.Env(harness.Env{"GATEPOST_NODE": "the node's own name"}))
	stats := decode[struct {
		Clients, UIDs, Groups int
		Nodes                 []map[string]any
		Webhooks              []map[string]any
	}](t, r.want("", "GET", "/stats", "").Body)
	if stats.Clients != 3 || stats.UIDs != 2 || stats.Groups != 2 || len(stats.Nodes) != 1 || len(stats.Webhooks) != 1 {
		t.Errorf("the stats are %+v", stats)
	}
	if n := stats.Nodes[0]; n["node"] != "the node's own name" || n["clients"] != 3.0 || n["version"] == "" || n["uptime_s"] == nil {
		t.Errorf("the node is %v", n)
	}
	for path, status := range map[string]int{"/healthz": 200, "/readyz": 200, "/openapi.yaml": 200, "/metrics": 404, "/stats": 401, "/nowhere": 404} {
		if got := harness.Get(t, r.node.Addr, path).Status; got != status {
			t.Errorf("%s answers %d without a token, want %d", path, got, status)
		}
	}
	if n := r.node.Metric(t, "gatepost_clients", `state="open"`); n != 3 {
		t.Errorf("the metrics count %v clients", n)
	}
}

// Without an admin listener the metrics are for tokens with scope read.
func TestMetricsWithoutAdminListener(t *testing.T) {
	t.Parallel()
	node := harness.Start(t, harness.Env{"GATEPOST_ADMIN_ADDR": ""})
	node.API(t, "push").WantProblem(403, "forbidden", "GET", "/metrics", "")
	if body := node.API(t, "read").Want(200, "", "GET", "/metrics", "").Body; !strings.Contains(string(body), "gatepost_clients") {
		t.Errorf("the metrics are %.200s", body)
	}
	node.API(t, "*").WantProblem(404, "not_found", "GET", "/debug/pprof/", "")
}
