package config

import (
	"strings"

	"gatepost/protocol"
)

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
	best := protocol.Nearest(name, known)
	if best == "" {
		return "is not known"
	}
	return "is not known; did you mean " + best + "?"
}
