package config

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/knadh/koanf/providers/confmap"
	"github.com/knadh/koanf/providers/env/v2"
	"github.com/knadh/koanf/providers/file"
	"github.com/knadh/koanf/providers/posflag"
	"github.com/knadh/koanf/v2"
	"github.com/spf13/pflag"
)

// Sources are where a configuration comes from.
type Sources struct {
	File    string         // YAML, or empty
	Environ []string       // as os.Environ gives it
	Flags   *pflag.FlagSet // those of AddFlags, or nil
}

// Loaded is what was found in the sources.
type Loaded struct {
	// Config is what could be read; where there are faults it may be wrong.
	Config *Config
	// Faults is all that is wrong with it for a node that is to serve.
	Faults Faults

	values  *koanf.Koanf
	sources map[string]string // by flat name
}

// delim never occurs in a flat name, so that koanf sees no levels.
const delim = "."

// environment is the name of that source.
const environment = "environment"

// Load reads defaults, file, environment and flags, each over the one before.
// A value that is empty counts as not given.
func Load(from Sources) *Loaded {
	l := &Loaded{Config: &Config{}, values: koanf.New(delim), sources: map[string]string{}}
	l.layer("default", confmap.Provider(defaults(), delim), nil)
	if from.File != "" {
		l.layer(filepath.Base(from.File), file.Provider(from.File), flatYAML{})
	}
	l.layer(environment, env.Provider(delim, env.Opt{
		Prefix:        Prefix,
		TransformFunc: fromEnvironment,
		EnvironFunc:   func() []string { return from.Environ },
	}), nil)
	if from.Flags != nil {
		l.layer("flag", posflag.ProviderWithValue(from.Flags, delim, nil, fromFlag), nil)
	}
	l.readFiles()
	l.read()
	l.check()
	slices.SortStableFunc(l.Faults, func(a, b Fault) int { return cmp.Compare(rank(a), rank(b)) })
	return l
}

// layer puts a source's values over those so far.
func (l *Loaded) layer(source string, p koanf.Provider, parser koanf.Parser) {
	k := koanf.New(delim)
	if err := k.Load(p, parser); err != nil {
		l.Faults = append(l.Faults, Fault{YAML: filePlace, Problem: fileProblem(source, err)})
		return
	}
	given := map[string]any{}
	for name, v := range k.All() {
		if v != nil && v != "" {
			given[name] = v
			l.sources[name] = source
		}
	}
	if err := l.values.Load(confmap.Provider(given, delim), nil); err != nil {
		l.Faults = append(l.Faults, Fault{YAML: filePlace, Problem: fileProblem(source, err)})
	}
}

func fileProblem(source string, err error) string {
	var path *os.PathError
	if errors.As(err, &path) {
		return fmt.Sprintf("%s can't be read: %v", path.Path, path.Err)
	}
	return source + " is not usable: " + strings.ReplaceAll(err.Error(), "\n", " ")
}

func defaults() map[string]any {
	values := map[string]any{}
	for _, k := range keys {
		if k.Default != "" {
			values[k.flat()] = k.Default
		}
	}
	return values
}

// clientVariables are read by the commands that call a running gateway.
var clientVariables = []string{"GATEPOST_URL", "GATEPOST_TOKEN", "GATEPOST_TOKEN_FILE"}

// serviceVariable matches what Kubernetes puts into the environment of every pod
// beside a service whose name begins with gatepost.
var serviceVariable = regexp.MustCompile(`^GATEPOST_([A-Z0-9_]+_)?(SERVICE_(HOST|PORT(_[A-Z0-9_]+)?)|PORT_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)$`)

// serviceLink is the value of one more such variable, GATEPOST_PORT.
var serviceLink = regexp.MustCompile(`^(tcp|udp|sctp)://`)

// fromEnvironment gives a variable its flat name; the name of an unknown one
// stays as it is and becomes a fault.
func fromEnvironment(name, value string) (string, any) {
	if slices.Contains(clientVariables, name) || serviceVariable.MatchString(name) ||
		strings.HasSuffix(name, "_PORT") && serviceLink.MatchString(value) {
		return "", nil
	}
	for _, k := range keys {
		if k.Env == name {
			return k.flat(), value
		}
	}
	return name, value
}

func fromFlag(name, value string) (string, any) {
	for _, k := range keys {
		if f := k.Flag(); f != "" && f == name {
			return k.flat(), value
		}
	}
	return "", nil
}

// read parses every value, and finds those that nobody asks for.
func (l *Loaded) read() {
	known := map[string]bool{}
	for _, k := range keys {
		known[k.flat()] = true
		if v := l.values.Get(k.flat()); v != nil {
			l.fault(k, k.read(l.Config, v))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(l.values.All())) {
		if !known[name] {
			l.Faults = append(l.Faults, strange(name, l.sources[name]))
		}
	}
}

// fault adds each of the errors that err joins.
func (l *Loaded) fault(k Key, err error) {
	if err == nil {
		return
	}
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		for _, err := range joined.Unwrap() {
			l.fault(k, err)
		}
		return
	}
	f := Fault{Env: k.Env, YAML: k.YAML, Source: l.sources[k.flat()], Problem: err.Error()}
	var inside below
	if errors.As(err, &inside) {
		f.YAML += inside.place
		f.Problem = inside.err.Error()
	}
	l.Faults = append(l.Faults, f)
}

// rank is a fault's place in the order of the table; unknown names come last.
func rank(f Fault) int {
	for i, k := range keys {
		if f.Env != "" && f.Env == k.Env || f.Env == "" && (f.YAML == k.YAML || strings.HasPrefix(f.YAML, k.YAML+"[")) {
			return i
		}
	}
	if f.YAML == filePlace {
		return -1
	}
	return len(keys)
}
