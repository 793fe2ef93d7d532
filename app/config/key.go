package config

import (
	"errors"
	"strings"
)

// Key is one setting.
type Key struct {
	Env     string // environment name; empty: in the file only
	YAML    string // place in the file; a dot is one level deeper
	Default string // as one would write it; empty: none
	Kind    string // what a value looks like, in a word or two
	Section string // the part of the reference that it stands in
	Secret  bool   // shown as *** and has no flag
	Doc     string // what it means, in Markdown

	read func(*Config, any) error
	// show is the printed form of what was given: hidden, where a part of it is secret.
	show func(any) any
	// holds is the flat name of the setting whose value stands in the file that this one
	// names; empty: it is no such setting.
	holds string
}

// Flag is the setting's flag without its dashes, or empty. Secrets have none:
// anyone on the machine sees the arguments of a process.
func (k Key) Flag() string {
	if k.Secret || k.Env == "" {
		return ""
	}
	return strings.ReplaceAll(strings.ToLower(strings.TrimPrefix(k.Env, Prefix)), "_", "-")
}

// flat is the setting's name among the loaded values: log.level and log_level
// are the same to it.
func (k Key) flat() string { return strings.ReplaceAll(k.YAML, ".", "_") }

// Prefix begins the name of every environment variable of Gatepost's.
const Prefix = "GATEPOST_"

// one reads a single value.
func one[T any](field func(*Config) *T, parse func(string) (T, error)) func(*Config, any) error {
	return func(c *Config, v any) error {
		s, err := scalar(v)
		if err != nil {
			return err
		}
		parsed, err := parse(s)
		if err != nil {
			return err
		}
		*field(c) = parsed
		return nil
	}
}

// many reads a list, and finds every element's fault.
func many[T any](field func(*Config) *[]T, sep string, parse func(string) (T, error)) func(*Config, any) error {
	return func(c *Config, v any) error {
		texts, err := elements(v, sep)
		if err != nil {
			return err
		}
		var (
			list   []T
			faults []error
		)
		for _, s := range texts {
			parsed, err := parse(s)
			if err != nil {
				faults = append(faults, err)
				continue
			}
			list = append(list, parsed)
		}
		if faults != nil {
			return errors.Join(faults...)
		}
		*field(c) = list
		return nil
	}
}
