package main

import (
	"fmt"
	"io"
	"slices"
)

// figure is one measured value. Those of a name from all runs are one row.
type figure struct {
	name, unit string
	target     string // empty: none
	value      float64
}

type who int

const (
	gatepost who = iota
	nchan
)

// row is one figure's values, in the order of the runs.
type row struct {
	figure
	values [2][]float64 // by who
}

// table gathers figures.
type table struct {
	rows []*row
	by   map[string]*row
}

func newTable() *table { return &table{by: map[string]*row{}} }

func (t *table) add(f figure, w who) {
	r := t.by[f.name]
	if r == nil {
		r = &row{figure: f}
		t.by[f.name] = r
		t.rows = append(t.rows, r)
	}
	r.values[w] = append(r.values[w], f.value)
}

// print writes the table: minimum, median and maximum of each.
func (t *table) print(w io.Writer) {
	_, _ = fmt.Fprint(w, "| what | target | gatepost | nchan | gatepost ÷ nchan |\n| --- | --- | --- | --- | --- |\n")
	for _, r := range t.rows {
		_, _ = fmt.Fprintf(w, "| %s | %s | %s | %s | %s |\n", r.name, r.target,
			spread(r.values[gatepost], r.unit), spread(r.values[nchan], r.unit), spread(r.ratios(), ""))
	}
}

// ratios are ours to the peer's, run by run.
func (r *row) ratios() (ratios []float64) {
	for i, theirs := range r.values[nchan] {
		if theirs > 0 {
			ratios = append(ratios, r.values[gatepost][i]/theirs)
		}
	}
	return ratios
}

func spread(values []float64, unit string) string {
	if len(values) == 0 {
		return ""
	}
	v := slices.Sorted(slices.Values(values))
	if unit != "" {
		unit = " " + unit
	}
	return fmt.Sprintf("%.3g – **%.3g** – %.3g%s", v[0], v[len(v)/2], v[len(v)-1], unit)
}
