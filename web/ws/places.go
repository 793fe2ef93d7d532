package ws

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// place is where a token may be looked for.
type place struct {
	kind  placeKind
	param string // of the query
}

type placeKind int

const (
	inQuery placeKind = iota
	inHeader
	inSubprotocol
)

// noPlace is the entry that says that no token is looked for.
const noPlace = "none"

// CheckTokenPlace says what is wrong with one entry of Config.TokenFrom.
func CheckTokenPlace(entry string) error {
	if entry == noPlace {
		return nil
	}
	_, err := parsePlace(entry)
	return err
}

func parsePlace(entry string) (place, error) {
	switch name, isQuery := strings.CutPrefix(entry, "query:"); {
	case isQuery && name != "" && name == strings.TrimSpace(name) && !strings.ContainsAny(name, "\x00&;="):
		return place{inQuery, name}, nil
	case entry == "header":
		return place{kind: inHeader}, nil
	case entry == "subprotocol":
		return place{kind: inSubprotocol}, nil
	}
	return place{}, fmt.Errorf("%q is no place for a token; query:NAME, header, subprotocol or none is expected", entry)
}

func parsePlaces(entries []string) []place {
	var places []place
	for _, entry := range entries {
		if p, err := parsePlace(entry); err == nil {
			places = append(places, p)
		}
	}
	return places
}

// credentials are the tokens that a handshake carries in the listed places, and
// those parts of the handshake without them.
type credentials struct {
	tokens       []string // one for each place that has one, in the places' order
	rawQuery     string
	subprotocols []string // offered, in order; the tokens are left out
	hidden       []string // names of the headers, in lower case, that were looked at
	bearer       string   // "bearer" as the client spelt it, if it offered a token so
}

var errRepeatedToken = errors.New("the token is given twice, with different values")

// collect looks for tokens in the places, and nowhere else.
func collect(places []place, r *http.Request) (*credentials, error) {
	c := &credentials{rawQuery: r.URL.RawQuery, subprotocols: offered(r)}
	for _, p := range places {
		var found []string
		switch p.kind {
		case inQuery:
			found, c.rawQuery = takeFromQuery(c.rawQuery, p.param)
		case inHeader:
			found = bearerTokens(r.Header.Values("Authorization"))
			c.hidden = append(c.hidden, "authorization")
		case inSubprotocol:
			found, c.subprotocols, c.bearer = takeFromSubprotocols(c.subprotocols)
			c.hidden = append(c.hidden, "sec-websocket-protocol")
		}
		found = slices.Compact(found)
		c.tokens = append(c.tokens, found...)
		if len(found) > 1 {
			return c, errRepeatedToken
		}
	}
	return c, nil
}

// offered are the subprotocols that the client names, in order.
func offered(r *http.Request) []string {
	protocols := []string{}
	for _, line := range r.Header.Values("Sec-Websocket-Protocol") {
		for p := range strings.SplitSeq(line, ",") {
			if p = strings.Trim(p, " \t"); p != "" {
				protocols = append(protocols, p)
			}
		}
	}
	return protocols
}

// bearerTokens are the credentials of the Bearer scheme. Another scheme isn't a
// token: a browser sends a site's Basic password along by itself.
func bearerTokens(values []string) []string {
	var tokens []string
	for _, v := range values {
		scheme, token, _ := strings.Cut(strings.TrimSpace(v), " ")
		if strings.EqualFold(scheme, "bearer") {
			tokens = append(tokens, strings.TrimSpace(token))
		}
	}
	return tokens
}

// takeFromSubprotocols gives what follows each "bearer", the other subprotocols,
// and the first "bearer" as it was spelt. A "bearer" with nothing behind it is an
// empty token, which is a bad one. A token that is offered once more is left out
// everywhere.
func takeFromSubprotocols(protocols []string) (tokens, rest []string, bearer string) {
	rest = []string{}
	for i := 0; i < len(protocols); i++ {
		rest = append(rest, protocols[i])
		if !strings.EqualFold(protocols[i], "bearer") {
			continue
		}
		if bearer == "" {
			bearer = protocols[i]
		}
		token := ""
		if i+1 < len(protocols) {
			i++
			token = protocols[i]
		}
		tokens = append(tokens, token)
	}
	rest = slices.DeleteFunc(rest, func(p string) bool { return p != bearer && slices.Contains(tokens, p) })
	return tokens, rest, bearer
}
