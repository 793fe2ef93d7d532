package config

import (
	"strings"
	"testing"

	"github.com/spf13/pflag"
)

func TestKeysAreWellFormed(t *testing.T) {
	seen := map[string]bool{}
	for _, k := range Keys() {
		for _, name := range []string{k.Env, k.flat()} {
			if name != "" && seen[name] {
				t.Errorf("%s is there twice", name)
			}
			seen[name] = true
		}
		if k.Env != "" && k.flat() != strings.ToLower(strings.TrimPrefix(k.Env, Prefix)) {
			t.Errorf("%s is %s in the file: the one can't be guessed from the other", k.Env, k.YAML)
		}
		if k.Doc == "" || k.Kind == "" || k.Section == "" {
			t.Errorf("%s isn't documented", k.YAML)
		}
	}
}

func TestFlags(t *testing.T) {
	fs := pflag.NewFlagSet("test", pflag.ContinueOnError)
	AddFlags(fs)
	for _, k := range Keys() {
		switch f := fs.Lookup(k.Flag()); {
		case k.Secret || k.Env == "":
			if f != nil {
				t.Errorf("%s has the flag --%s", k.YAML, f.Name)
			}
		case f == nil:
			t.Errorf("%s has no flag", k.Env)
		case strings.Contains(f.Usage, "`"):
			t.Errorf("--%s is described as %q", f.Name, f.Usage)
		}
	}
	if fs.Lookup("max-connections-per-ip") == nil || fs.Lookup("secret") != nil || fs.Lookup("webhook-secret") != nil {
		t.Error("flags aren't named as expected")
	}
}
