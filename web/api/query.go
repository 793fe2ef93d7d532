package api

import (
	"cmp"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"gatepost/protocol"
)

// query is the parameters of a call, all of them known to it.
type query url.Values

// parseQuery reads a query string that may hold the parameters in known, and
// nothing else.
func parseQuery(raw string, known []string) (query, error) {
	if raw == "" {
		return nil, nil
	}
	values, err := url.ParseQuery(raw)
	if err != nil {
		return nil, protocol.BadField("query", "isn't percent-encoded parameters separated by &")
	}
	for name := range values {
		if !slices.Contains(known, name) {
			return nil, unknownParameter(name, known)
		}
	}
	return query(values), nil
}

func unknownParameter(name string, known []string) *protocol.Problem {
	p := protocol.UnknownField(name, "the query")
	p.Detail = "is not a parameter of this call, which has " + cmp.Or(strings.Join(known, ", "), "none")
	return p
}

// one is the value of a parameter that may be given once; ok says whether it was.
func (q query) one(name string) (value string, ok bool, err error) {
	switch values := q[name]; len(values) {
	case 0:
		return "", false, nil
	case 1:
		return values[0], true, nil
	default:
		return "", false, protocol.BadField(name, "is given %d times; once is enough", len(values))
	}
}

// all is every value of a parameter that may be repeated, each checked.
func (q query) all(name string, check func(field, value string) error) ([]string, error) {
	values := q[name]
	if len(values) > protocol.MaxNames {
		return nil, &protocol.Problem{Status: http.StatusBadRequest, Code: protocol.CodeLimit, Field: name,
			Detail: fmt.Sprintf("is given %d times; at most %d are", len(values), protocol.MaxNames)}
	}
	for _, value := range values {
		if err := check(name, value); err != nil {
			return nil, err
		}
	}
	return values, nil
}

// flag is a parameter that is true or false; false where it isn't given.
func (q query) flag(name string) (bool, error) {
	value, ok, err := q.one(name)
	if err != nil || !ok {
		return false, err
	}
	switch value {
	case "true", "1":
		return true, nil
	case "false", "0":
		return false, nil
	}
	return false, protocol.BadField(name, "must be true or false")
}

// maxCursorBytes bounds a cursor: the longest key, encoded, with room to spare.
const maxCursorBytes = 1024

// page is which part of a list is asked for.
func (q query) page() (protocol.Page, error) {
	p := protocol.Page{Limit: protocol.DefaultPage}
	limit, ok, err := q.one("limit")
	if err != nil {
		return p, err
	}
	if ok {
		n, err := strconv.ParseUint(limit, 10, 32)
		if err != nil || n < 1 || n > protocol.MaxPage {
			return p, protocol.BadField("limit", "must be a number from 1 to %d", protocol.MaxPage)
		}
		p.Limit = int(n)
	}
	cursor, ok, err := q.one("cursor")
	if err != nil || !ok {
		return p, err
	}
	key, err := base64.RawURLEncoding.Strict().DecodeString(cursor)
	// Keys are text, so that words such as null, which can be decoded, are found out.
	if err != nil || len(key) == 0 || len(cursor) > maxCursorBytes || !utf8.Valid(key) {
		return p, protocol.BadField("cursor", "isn't one that a list has given")
	}
	p.Cursor = string(key)
	return p, nil
}

// nextCursor is how a list's answer says where it goes on: behind this key, or
// nil at the end.
func nextCursor(key string) *string {
	if key == "" {
		return nil
	}
	cursor := base64.RawURLEncoding.EncodeToString([]byte(key))
	return &cursor
}
