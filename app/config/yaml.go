package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/knadh/koanf/parsers/yaml"
	v3 "go.yaml.in/yaml/v3"
)

var quotedValue = regexp.MustCompile("`.*`")

// flatYAML parses YAML and joins the levels of its maps with underscores, so
// that "log: {level: debug}", "log.level: debug" and "log_level: debug" are the same.
type flatYAML struct{}

func (flatYAML) Unmarshal(b []byte) (map[string]any, error) {
	nested, err := yaml.Parser().Unmarshal(b)
	if err != nil {
		// The parser quotes the value that it stumbled over: a secret, perhaps.
		return nil, errors.New(quotedValue.ReplaceAllString(err.Error(), "a value"))
	}
	if hasAnother(b) {
		return nil, errors.New("yaml: a second document begins behind a line of three dashes; only one is read")
	}
	flat := map[string]any{}
	return flat, flatten(flat, "", nested)
}

// hasAnother says whether YAML that has been parsed goes on behind its first document,
// which the parser takes without a word.
func hasAnother(b []byte) bool {
	documents := v3.NewDecoder(bytes.NewReader(b))
	var document v3.Node
	return documents.Decode(&document) == nil && !errors.Is(documents.Decode(&document), io.EOF)
}

func (flatYAML) Marshal(values map[string]any) ([]byte, error) { return yaml.Parser().Marshal(values) }

func flatten(into map[string]any, prefix string, nested map[string]any) error {
	for _, written := range slices.Sorted(maps.Keys(nested)) {
		name, v := prefix+strings.ReplaceAll(written, ".", "_"), nested[written]
		if m, ok := v.(map[string]any); ok {
			if !takesNoMap(name) {
				if err := flatten(into, name+"_", m); err != nil {
					return err
				}
				continue
			}
			v = misplacedMap{}
		}
		if _, twice := into[name]; twice {
			return fmt.Errorf("%s is given twice, once as a level of its own", name)
		}
		into[name] = v
	}
	return nil
}

// misplacedMap stands for a map where a value or a list is expected, so that the
// fault is the setting's and not one of each name inside.
type misplacedMap struct{}

// takesNoMap says whether this flat name is a setting's and no level above others.
func takesNoMap(flat string) bool {
	return slices.ContainsFunc(keys, func(k Key) bool { return k.flat() == flat }) &&
		!slices.ContainsFunc(keys, func(k Key) bool { return strings.HasPrefix(k.flat(), flat+"_") })
}
