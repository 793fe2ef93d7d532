package config

import (
	"fmt"
	"slices"
	"strings"
)

// Fault is one thing wrong with the configuration. It holds no secret's value.
type Fault struct {
	Env    string // the setting's environment name, or empty where it has none
	YAML   string // its place in the file, or empty
	Source string // where the value came from, or empty where none was given
	// Problem says what was expected and what came, as the end of a sentence
	// that begins with the setting's name.
	Problem string
}

func (f Fault) String() string {
	name := f.Env
	switch {
	case name == "":
		name = f.YAML
	case f.YAML != "":
		name += " (" + f.YAML + ")"
	}
	if f.Source != "" {
		return fmt.Sprintf("%s, from %s: %s", name, f.Source, f.Problem)
	}
	return name + ": " + f.Problem
}

// Faults is all that is wrong, in the order of the table. As an error it has
// one line for each fault.
type Faults []Fault

func (fs Faults) Error() string {
	if len(fs) == 1 {
		return "configuration: " + fs[0].String()
	}
	var b strings.Builder
	fmt.Fprintf(&b, "configuration: %d faults", len(fs))
	for _, f := range fs {
		b.WriteString("\n  " + f.String())
	}
	return b.String()
}

// Err is nil where there is no fault.
func (fs Faults) Err() error {
	if len(fs) == 0 {
		return nil
	}
	return fs
}

// Of keeps the faults of the settings with these environment names, or places
// in the file, for a command that uses no others; and those of a file that can't
// be read at all.
func (fs Faults) Of(names ...string) Faults {
	var kept Faults
	for _, f := range fs {
		place, _, _ := strings.Cut(f.YAML, "[")
		if f.YAML == filePlace || slices.Contains(names, f.Env) || slices.Contains(names, strings.TrimSuffix(f.Env, fileSuffix)) || slices.Contains(names, place) {
			kept = append(kept, f)
		}
	}
	return kept
}

// filePlace stands for the whole file as the Fault.YAML of one that can't be read.
const filePlace = "--config"
