package config

import (
	"errors"
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"slices"

	"gatepost/protocol"
	"gatepost/webhooks"

	"golang.org/x/net/http/httpguts"
)

// below is an error at a place inside a setting: "[1].url".
type below struct {
	place string
	err   error
}

func (b below) Error() string { return b.place + ": " + b.err.Error() }

// entry reads the fields of one element of a list in the file, and gathers what
// is wrong with it.
type entry struct {
	place  string
	fields map[string]any
	known  []string // names that were asked for
	faults []error
}

// readEntries calls read for every element of the sequence v.
func readEntries(v any, read func(*entry)) error {
	sequence, ok := v.([]any)
	if !ok {
		return errors.New("must be a list")
	}
	var faults []error
	for i, element := range sequence {
		e := &entry{place: fmt.Sprintf("[%d]", i)}
		fields, ok := element.(map[string]any)
		if !ok {
			faults = append(faults, below{e.place, errors.New("must be a map")})
			continue
		}
		e.fields = maps.Clone(fields)
		read(e)
		for _, name := range slices.Sorted(maps.Keys(e.fields)) {
			e.fault(name, errors.New(unknown(name, e.known)))
		}
		faults = append(faults, e.faults...)
	}
	return errors.Join(faults...)
}

func (e *entry) fault(name string, err error) {
	e.faults = append(e.faults, below{e.place + "." + name, err})
}

// take removes a field; ok is false where it is missing or null.
func (e *entry) take(name string) (v any, ok bool) {
	e.known = append(e.known, name)
	v = e.fields[name]
	delete(e.fields, name)
	return v, v != nil
}

// field reads a single value into to, if the entry has one.
func field[T any](e *entry, name string, to *T, parse func(string) (T, error)) (given bool) {
	v, ok := e.take(name)
	if !ok {
		return false
	}
	s, err := scalar(v)
	if err == nil {
		*to, err = parse(s)
	}
	if err != nil {
		e.fault(name, err)
	}
	return true
}

func readHeartbeats(c *Config, v any) error {
	received := map[string]bool{}
	return readEntries(v, func(e *entry) {
		var h Heartbeat
		if !field(e, "receive", &h.Receive, parseText) {
			e.fault("receive", errors.New("is missing"))
		} else if received[h.Receive] {
			e.fault("receive", fmt.Errorf("%q is taken by an earlier heartbeat", h.Receive))
		}
		received[h.Receive] = true
		if answer := ""; field(e, "answer", &answer, parseText) {
			h.Answer = &answer
		}
		c.Heartbeats = append(c.Heartbeats, h)
	})
}

func readWebhooks(c *Config, v any) error {
	names := map[string]bool{}
	return readEntries(v, func(e *entry) {
		var w Webhook
		if !field(e, "name", &w.Name, parseEndpointName) {
			e.fault("name", errors.New("is missing"))
		} else if names[w.Name] && w.Name != "" {
			e.fault("name", fmt.Errorf("%q is taken by an earlier endpoint", w.Name))
		}
		names[w.Name] = true
		if !field(e, "url", &w.URL, parseURL("https", "http")) {
			e.fault("url", errors.New("is missing"))
		}
		field(e, "path", &w.Path, parsePath)
		field(e, "timeout", &w.Timeout, parseWebhookTimeout)
		field(e, "concurrency", &w.Concurrency, parseConcurrency)
		field(e, "batch", &w.Batch, parseBatch)
		if v, ok := e.take("secrets"); ok {
			secrets, err := parseWebhookSecrets(v)
			if err != nil {
				e.fault("secrets", err)
			}
			w.Secrets = secrets
		}
		if path := ""; field(e, "secrets_file", &path, parseText) {
			if !w.Secrets.Empty() {
				e.fault("secrets_file", errors.New("stands beside secrets; one of the two is expected"))
			} else if secrets, err := webhookSecretsIn(path); err != nil {
				e.fault("secrets_file", err)
			} else {
				w.Secrets = secrets
			}
		}
		if v, ok := e.take("events"); ok {
			at := func(*Config) *[]protocol.EventType { return &w.Events }
			if err := many(at, ",", oneOf(protocol.EventTypes...))(c, v); err != nil {
				e.fault("events", err)
			}
		}
		if v, ok := e.take("headers"); ok {
			w.Headers = e.headers(v)
		}
		c.Webhooks = append(c.Webhooks, w)
	})
}

var endpointName = regexp.MustCompile(`^[a-z0-9][a-z0-9_-]{0,63}$`)

// parseEndpointName reads an endpoint's name; it becomes a label of metrics.
func parseEndpointName(s string) (string, error) {
	if !endpointName.MatchString(s) {
		return "", fmt.Errorf("%q is not 1 to 64 of [a-z0-9_-]", s)
	}
	return s, nil
}

// headers reads a map of header names and values. No fault holds a value.
func (e *entry) headers(v any) map[string]string {
	given, ok := v.(map[string]any)
	if !ok {
		e.fault("headers", errors.New("must be a map of names and values"))
		return nil
	}
	headers := map[string]string{}
	for _, name := range slices.Sorted(maps.Keys(given)) {
		canonical := http.CanonicalHeaderKey(name)
		value, err := scalar(given[name])
		switch {
		case err != nil:
			e.fault("headers."+name, err)
		case !httpguts.ValidHeaderFieldName(name) || !httpguts.ValidHeaderFieldValue(value):
			e.fault("headers."+name, errors.New("is not a valid header"))
		case webhooks.Reserved(name):
			e.fault("headers."+name, errors.New("is set by the gateway itself"))
		default:
			headers[canonical] = value
		}
	}
	return headers
}
