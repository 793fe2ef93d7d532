package config

import (
	"strings"

	"github.com/spf13/pflag"
)

// AddFlags defines a flag for every setting that has one.
func AddFlags(fs *pflag.FlagSet) {
	for _, k := range keys {
		name := k.Flag()
		if name == "" {
			continue
		}
		usage := strings.ReplaceAll(firstSentence(k.Doc), "`", "")
		if k.Default != "" {
			usage += " [" + k.Default + "]"
		}
		f := fs.VarPF(&text{kind: k.Kind}, name, "", usage)
		if k.Kind == kindBool {
			f.NoOptDefVal = "true"
		}
	}
}

func firstSentence(s string) string {
	for _, end := range []string{". ", ": ", "; "} {
		s, _, _ = strings.Cut(s, end)
	}
	return strings.TrimSuffix(s, ".")
}

// text is a flag whose value is parsed with those of the other sources, so that
// its faults are told with theirs.
type text struct{ value, kind string }

func (t *text) String() string     { return t.value }
func (t *text) Set(s string) error { t.value = s; return nil }
func (t *text) Type() string       { return strings.ReplaceAll(t.kind, " ", "-") }
