package harness

import (
	"slices"
	"strconv"
	"strings"
	"testing"
)

// Metric sums the samples of one metric whose labels have all of these parts,
// such as `reason="slow"`.
func (n *Node) Metric(t testing.TB, name string, labels ...string) float64 {
	t.Helper()
	var sum float64
	for line := range strings.SplitSeq(string(Get(t, n.Admin, "/metrics").Body), "\n") {
		rest, ok := strings.CutPrefix(line, name)
		if !ok || rest == "" || rest[0] != '{' && rest[0] != ' ' || slices.ContainsFunc(labels, absentFrom(rest)) {
			continue
		}
		value, err := strconv.ParseFloat(rest[strings.LastIndexByte(rest, ' ')+1:], 64)
		if err != nil {
			t.Fatalf("metrics line %q: %v", line, err)
		}
		sum += value
	}
	return sum
}

func absentFrom(line string) func(part string) bool {
	return func(part string) bool { return !strings.Contains(line, part) }
}
