package ws

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"testing"
)

func TestCheckTokenPlace(t *testing.T) {
	for _, good := range []string{"none", "header", "subprotocol", "query:token", "query:access token"} {
		if err := CheckTokenPlace(good); err != nil {
			t.Errorf("CheckTokenPlace(%q) = %v, want none", good, err)
		}
	}
	for _, bad := range []string{"", "query", "query:", "query: x", "query:a&b", "cookie", "Header", "header "} {
		if CheckTokenPlace(bad) == nil {
			t.Errorf("CheckTokenPlace(%q) accepts it", bad)
		}
	}
}

func TestCollect(t *testing.T) {
	all := []string{"query:token", "header", "subprotocol"}
	for _, tt := range []struct {
		name      string
		from      []string
		query     string
		header    http.Header
		tokens    []string
		rest      string
		protocols []string
		bearer    string
		err       error
	}{
		{name: "nothing", from: all},
		{name: "query", from: all, query: "token=T&a=1", tokens: []string{"T"}, rest: "a=1"},
		{name: "query, not listed", from: []string{"header"}, query: "token=T", rest: "token=T"},
		{name: "other name", from: []string{"query:jwt"}, query: "token=T&jwt=J", tokens: []string{"J"}, rest: "token=T"},
		{name: "two names", from: []string{"query:b", "query:a"}, query: "a=A&b=B", tokens: []string{"B", "A"}},
		{name: "header", from: all, header: http.Header{"Authorization": {"bearer  T"}}, tokens: []string{"T"}},
		{name: "header without token", from: all, header: http.Header{"Authorization": {"Bearer"}}, tokens: []string{""}},
		{name: "basic", from: all, header: http.Header{"Authorization": {"Basic dTpw"}}},
		{name: "two headers", from: all, header: http.Header{"Authorization": {"Bearer T", "Bearer U"}}, err: errRepeatedToken},
		{name: "header, not listed", from: []string{"none"}, header: http.Header{"Authorization": {"Bearer T"}}},
		{name: "subprotocol", from: all, header: http.Header{"Sec-Websocket-Protocol": {"bearer, T, chat"}},
			tokens: []string{"T"}, protocols: []string{"bearer", "chat"}, bearer: "bearer"},
		{name: "subprotocol on two lines", from: all, header: http.Header{"Sec-Websocket-Protocol": {"chat, Bearer", "T"}},
			tokens: []string{"T"}, protocols: []string{"chat", "Bearer"}, bearer: "Bearer"},
		{name: "subprotocol without token", from: all, header: http.Header{"Sec-Websocket-Protocol": {"bearer"}},
			tokens: []string{""}, protocols: []string{"bearer"}, bearer: "bearer"},
		{name: "subprotocol twice", from: all, header: http.Header{"Sec-Websocket-Protocol": {"bearer, T, bearer, T"}},
			tokens: []string{"T"}, protocols: []string{"bearer", "bearer"}, bearer: "bearer"},
		{name: "subprotocol, not listed", from: []string{"query:token"}, header: http.Header{"Sec-Websocket-Protocol": {"bearer, T"}},
			protocols: []string{"bearer", "T"}},
		{name: "everywhere", from: []string{"subprotocol", "query:token", "header"}, query: "token=Q",
			header: http.Header{"Authorization": {"Bearer H"}, "Sec-Websocket-Protocol": {"bearer, S"}},
			tokens: []string{"S", "Q", "H"}, protocols: []string{"bearer"}, bearer: "bearer"},
		{name: "repeated alike", from: all, query: "token=T&%74oken=T", tokens: []string{"T"}},
		{name: "repeated differently", from: all, query: "token=T&token=U", err: errRepeatedToken},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c, err := collect(parsePlaces(tt.from), &http.Request{URL: &url.URL{RawQuery: tt.query}, Header: tt.header})
			if !errors.Is(err, tt.err) {
				t.Fatalf("error %v, want %v", err, tt.err)
			}
			if err != nil {
				return
			}
			if !slices.Equal(c.tokens, tt.tokens) {
				t.Errorf("tokens %q, want %q", c.tokens, tt.tokens)
			}
			if c.rawQuery != tt.rest || !slices.Equal(c.subprotocols, tt.protocols) || c.bearer != tt.bearer {
				t.Errorf("left %q, %q and %q, want %q, %q and %q", c.rawQuery, c.subprotocols, c.bearer, tt.rest, tt.protocols, tt.bearer)
			}
		})
	}
}
