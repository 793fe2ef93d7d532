// Package counted reads what a package under test has counted.
package counted

import (
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
)

// Samples are the values of one metric by those of its labels, as "value,value" in the
// order of the labels' names. A histogram's value is how much it has observed.
type Samples map[string]float64

// Of are the samples of the metric with this name; none, if there is none.
func Of(t testing.TB, from prometheus.Gatherer, name string) Samples {
	t.Helper()
	families, err := from.Gather()
	if err != nil {
		t.Fatal(err)
	}
	samples := Samples{}
	for _, family := range families {
		if family.GetName() != name {
			continue
		}
		for _, m := range family.GetMetric() {
			var labels []string
			for _, l := range m.GetLabel() {
				labels = append(labels, l.GetValue())
			}
			samples[strings.Join(labels, ",")] = m.GetCounter().GetValue() + m.GetGauge().GetValue() + float64(m.GetHistogram().GetSampleCount())
		}
	}
	return samples
}

// Sum is all samples together.
func (s Samples) Sum() (sum float64) {
	for _, value := range s {
		sum += value
	}
	return sum
}
