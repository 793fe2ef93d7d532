package jetstream

import (
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"gatepost/store"
	"gatepost/test/storetest"
)

// Places are the URLs of servers.
func TestAsEveryEngine(t *testing.T) {
	storetest.Run(t, storetest.Engine{
		Outlives: true,
		Place:    func(t *testing.T) string { return external(t, t.TempDir(), -1).ClientURL() },
		Open: func(t *testing.T, place string, most int64) store.Store {
			return open(t, Options{URL: place, Node: "n", MaxBytes: most})
		},
	})
}

func TestMetrics(t *testing.T) {
	o := overURL(t, external(t, t.TempDir(), -1), "n")
	reg := prometheus.NewRegistry()
	o.Registerer = reg
	s := open(t, o)
	keep(t, s.Put("k/1", []byte("v")))
	want := "# HELP gatepost_store_records Live records.\n# TYPE gatepost_store_records gauge\ngatepost_store_records 1\n"
	if err := testutil.GatherAndCompare(reg, strings.NewReader(want), "gatepost_store_records"); err != nil {
		t.Error(err)
	}
	if problems, err := testutil.GatherAndLint(reg); err != nil || len(problems) > 0 {
		t.Error(problems, err)
	}
	shut(t, s)
	open(t, o) // registers again
}
