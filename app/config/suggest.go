package config

import "strings"

// strange is the fault of a name, from this source, that no setting has.
func strange(name, source string) Fault {
	var variables, places, inside []string
	for _, k := range keys {
		places = append(places, k.YAML)
		if k.Env != "" {
			variables = append(variables, k.Env)
		}
		if rest, ok := strings.CutPrefix(k.YAML, name+"."); ok {
			inside = append(inside, rest)
		}
	}
	variable, begins := strings.CutPrefix(name, Prefix)
	switch {
	case begins && source == environment:
		return Fault{Env: name, Source: source, Problem: unknown(name, variables)}
	case begins: // the file has names of its own
		return Fault{YAML: name, Source: source, Problem: unknown(variable, places)}
	case len(inside) > 0:
		return Fault{YAML: name, Source: source, Problem: "is no setting by itself; below it are " + strings.Join(inside, ", ")}
	default:
		return Fault{YAML: name, Source: source, Problem: unknown(name, places)}
	}
}

// unknown is the problem of a name that isn't among the known ones; it names the
// one that was probably meant.
func unknown(name string, known []string) string {
	best, distance := "", 3 // two letters may differ: more is another word
	for _, k := range known {
		if diff := len(name) - len(k); diff > 8 || diff < -8 {
			continue // no typing error, and the environment's names may be of any length
		}
		if d := editDistance(plain(name), plain(k)); d < distance {
			best, distance = k, d
		}
	}
	if best == "" {
		return "is not known"
	}
	return "is not known; did you mean " + best + "?"
}

// plain drops what two spellings of a name most often differ in.
func plain(name string) string {
	return strings.NewReplacer("_", "", "-", "", ".", "").Replace(strings.ToLower(name))
}

// editDistance is how many letters of a must be put in, left out or replaced to
// make b, where two neighbours that are swapped count as one.
func editDistance(a, b string) int {
	before, last := make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := range len(a) {
		row := make([]int, len(b)+1)
		row[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			row[j+1] = min(last[j+1]+1, row[j]+1, last[j]+cost)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				row[j+1] = min(row[j+1], before[j-1]+1)
			}
		}
		before, last = last, row
	}
	return last[len(b)]
}
