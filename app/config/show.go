package config

import (
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// hidden stands for a secret wherever a configuration is printed.
const hidden = "***"

// YAML writes the effective configuration as a file would hold it, secrets
// hidden, each value with a comment that says where it came from.
func (l *Loaded) YAML() (string, error) {
	root := &yaml.Node{Kind: yaml.MappingNode}
	for _, k := range keys {
		v := l.values.Get(k.flat())
		if v == nil || l.given(k.flat()+"_file") { // whose name is printed then
			continue
		}
		node := &yaml.Node{}
		if err := node.Encode(k.shown(v)); err != nil {
			return "", fmt.Errorf("%s: %w", k.YAML, err)
		}
		if k.Kind == kindBool || k.Kind == kindNumber {
			node.Tag, node.Style = "", 0
		}
		parent, name := root, k.YAML
		if level, below, nested := strings.Cut(name, "."); nested {
			parent, name = child(root, level), below
		}
		title := &yaml.Node{Kind: yaml.ScalarNode, Value: name}
		if comment := "# " + l.sources[k.flat()]; node.Kind == yaml.ScalarNode {
			node.LineComment = comment
		} else {
			title.HeadComment = comment
		}
		parent.Content = append(parent.Content, title, node)
	}
	var b strings.Builder
	enc := yaml.NewEncoder(&b)
	enc.SetIndent(2)
	if err := enc.Encode(root); err != nil {
		return "", err
	}
	return b.String(), enc.Close()
}

// child is the map below name, made where it is missing.
func child(parent *yaml.Node, name string) *yaml.Node {
	for i := 0; i+1 < len(parent.Content); i += 2 {
		if parent.Content[i].Value == name {
			return parent.Content[i+1]
		}
	}
	m := &yaml.Node{Kind: yaml.MappingNode}
	parent.Content = append(parent.Content, &yaml.Node{Kind: yaml.ScalarNode, Value: name}, m)
	return m
}

func (k Key) shown(v any) any {
	switch {
	case k.Secret:
		return hidden
	case k.show != nil:
		return k.show(v)
	default:
		return v
	}
}

// showURL hides what may be secret in a URL: the password, and the query with
// tokens in it.
func showURL(v any) any {
	s, err := scalar(v)
	if err != nil {
		return hidden
	}
	return shownURL(s)
}

// showURLs does as showURL for each of a list.
func showURLs(v any) any {
	texts, err := elements(v, ",")
	if err != nil {
		return hidden
	}
	for i, s := range texts {
		texts[i] = shownURL(s)
	}
	return strings.Join(texts, ",")
}

// shownURL hides all of what isn't a whole URL: it may be the rest of a password
// with a comma in it.
func shownURL(s string) string {
	u, err := url.Parse(strings.TrimRight(s, "\r\n")) // as it is used
	if err != nil || u.Scheme == "" || u.Host == "" {
		return hidden
	}
	// url.URL would write the stars percent-encoded.
	shown := u.Scheme + "://"
	if u.User != nil {
		shown += hidden + "@"
	}
	shown += u.Host + u.EscapedPath()
	if u.RawQuery != "" {
		shown += "?" + hidden
	}
	return shown
}

// showWebhooks hides the secrets of each endpoint and the values of its headers.
func showWebhooks(v any) any {
	sequence, ok := v.([]any)
	if !ok {
		return hidden
	}
	shown := make([]any, len(sequence))
	for i, element := range sequence {
		fields, ok := element.(map[string]any)
		if !ok {
			shown[i] = hidden
			continue
		}
		shown[i] = shownWebhook(fields)
	}
	return shown
}

// shownFields are an endpoint's fields that are printed as they are; others, a
// misspelt "secrets" among them, are hidden.
var shownFields = []string{"name", "path", "secrets_file", "events", "timeout", "concurrency", "batch"}

func shownWebhook(fields map[string]any) map[string]any {
	shown := make(map[string]any, len(fields))
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		v := fields[name]
		switch headers, isMap := v.(map[string]any); {
		case slices.Contains(shownFields, name):
			shown[name] = v
		case name == "url":
			shown[name] = showURL(v)
		case name == "headers" && isMap:
			hiddenHeaders := map[string]any{}
			for header := range headers {
				hiddenHeaders[header] = hidden
			}
			shown[name] = hiddenHeaders
		default:
			shown[name] = hidden
		}
	}
	return shown
}
