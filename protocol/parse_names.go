package protocol

import (
	"encoding/json"
	"fmt"
)

// parseTarget reads the fields that name clients and says whether one of them
// was there: an empty list is a target, of nobody.
func (a *Action) parseTarget(o object) (named bool, err error) {
	lists := []struct {
		field string
		into  *[]string
		parse func(string, json.RawMessage) ([]string, error)
		names bool
	}{
		{"clients", &a.Clients, ParseClientIDs, true},
		{"uids", &a.UIDs, ParseNames, true},
		{"groups", &a.Groups, ParseNames, true},
		{"except_clients", &a.Except.Clients, ParseClientIDs, false},
		{"except_uids", &a.Except.UIDs, ParseNames, false},
	}
	for _, l := range lists {
		raw, ok := o[l.field]
		if !ok {
			continue
		}
		if *l.into, err = l.parse(l.field, raw); err != nil {
			return false, err
		}
		named = named || l.names
	}
	if a.All, err = o.flag("all"); err != nil {
		return false, err
	}
	return named || a.All, nil
}

// ParseNames reads a list of uids or groups.
func ParseNames(field string, raw json.RawMessage) ([]string, error) {
	return parseList(field, raw, ParseName)
}

// ParseClientIDs reads a list of client ids.
func ParseClientIDs(field string, raw json.RawMessage) ([]string, error) {
	return parseList(field, raw, func(field string, raw json.RawMessage) (string, error) {
		id, err := parseString(field, raw)
		if err != nil {
			return "", err
		}
		return id, CheckClientID(field, id)
	})
}

func parseList(field string, raw json.RawMessage, parse func(string, json.RawMessage) (string, error)) ([]string, error) {
	elements, err := parseArray(field, raw, MaxNames)
	if err != nil {
		return nil, err
	}
	names := make([]string, 0, len(elements))
	for i, element := range elements {
		name, err := parse(fmt.Sprintf("%s[%d]", field, i), element)
		if err != nil {
			return nil, err
		}
		names = append(names, name)
	}
	return names, nil
}

// present is o without the fields that weren't there.
func (o object) present() object {
	for name, raw := range o {
		if raw == nil {
			delete(o, name)
		}
	}
	return o
}
