package ws

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"gatepost/hub"
	"gatepost/protocol"
)

// A connect event shows the handshake, with stars where a token that was looked at
// stood, however it was spelt.
func TestHandshake(t *testing.T) {
	r := newRig(t, hub.Options{}, nil)
	respelt := fmt.Sprintf("%%%02x%s", goodToken[0], goodToken[1:])
	conn := r.dial("/ws/rooms/caf%C3%A9/"+url.PathEscape(respelt)+"?b=1&%74oken="+goodToken+"&b=2&refuse=close&x=y%20z&jwt="+respelt+"&"+goodToken, http.Header{
		"Authorization":  {"Bearer " + goodToken},
		"Cookie":         {"sid=abc; theme=\"dark\"; sid=late; jwt=" + respelt + "; " + goodToken + "=1"},
		"X-Original-Uri": {"/ws?token=" + goodToken},
		"X-Respelt-Uri":  {"/ws?token=" + respelt},
		"X-Within-Uri":   {"/login?to=" + url.QueryEscape("/ws?token="+respelt)},
		"Referer":        {"https://example.com/?token=" + goodToken + "&a=1"},
		"X-Several":      {"one", "two"},
		"Traceparent":    {"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"},
		"X-Test-Ip":      {"::ffff:192.0.2.7"},
	}, "bearer", goodToken, "chat", goodToken, "v1."+goodToken)
	if conn.Subprotocol() != "bearer" {
		t.Errorf("subprotocol %q is selected, want bearer", conn.Subprotocol())
	}
	hs := r.core.lastHandshake(t)
	whole, err := json.Marshal(hs)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(whole), goodToken) || strings.Contains(string(whole), respelt) {
		t.Errorf("the token is in the handshake: %s", whole)
	}
	if want := map[string]string{"b": "1", "refuse": "close", "x": "y z", "jwt": "***", "***": ""}; !maps.Equal(hs.Request.Query, want) {
		t.Errorf("query %q, want %q", hs.Request.Query, want)
	}
	if want := "b=1&b=2&refuse=close&x=y%20z&jwt=***&***"; hs.Request.RawQuery != want {
		t.Errorf("raw query %q, want %q", hs.Request.RawQuery, want)
	}
	if want := map[string]string{"sid": "abc", "theme": `"dark"`, "jwt": "***", "***": "1"}; !maps.Equal(hs.Request.Cookies, want) {
		t.Errorf("cookies %q, want %q", hs.Request.Cookies, want)
	}
	if want := []string{"bearer", "chat", "v1.***"}; !slices.Equal(hs.Request.Subprotocols, want) {
		t.Errorf("subprotocols %q, want %q", hs.Request.Subprotocols, want)
	}
	for name, want := range map[string]string{
		"x-several": "one, two", "host": r.addr, "upgrade": "websocket", "referer": "https://example.com/?token=***&a=1",
		"x-original-uri": "/ws?token=***", "x-respelt-uri": "/ws?token=***", "x-within-uri": "/login?to=%2Fws%3Ftoken%3D***",
	} {
		if got := hs.Request.Headers[name]; got != want {
			t.Errorf("header %s is %q, want %q", name, got, want)
		}
	}
	for _, name := range []string{"authorization", "sec-websocket-protocol", "cookie"} {
		if got, there := hs.Request.Headers[name]; there {
			t.Errorf("header %s is there: %q", name, got)
		}
	}
	if hs.Request.Path != "/ws/rooms/café/***" || hs.RemoteAddr != "192.0.2.7" || hs.RemotePort == 0 || hs.TraceID != "4bf92f3577b34da6a3ce929d0e0e4736" {
		t.Errorf("path %q, from %q:%d, trace %q", hs.Request.Path, hs.RemoteAddr, hs.RemotePort, hs.TraceID)
	}
	if hs.UID != "42" || !slices.Equal(hs.Groups, []string{"a"}) || string(hs.Session) != `{"n":1}` || string(hs.Request.Claims) != `{"sub":"42"}` {
		t.Errorf("of the token: uid %q, groups %q, session %s, claims %s", hs.UID, hs.Groups, hs.Session, hs.Request.Claims)
	}
}

// A credential in a place that isn't listed isn't looked at, and reaches the
// connect event as it was sent, unless it is the token that was found in a listed one.
func TestUnlistedPlacesAreUntouched(t *testing.T) {
	for _, tt := range []struct{ listed, query, auth, protocols bool }{
		{}, {listed: true, query: true}, {listed: true, auth: true}, {listed: true, protocols: true},
	} {
		place := "none"
		switch {
		case tt.query:
			place = "query:token"
		case tt.auth:
			place = "header"
		case tt.protocols:
			place = "subprotocol"
		}
		t.Run(place, func(t *testing.T) {
			r := newRig(t, hub.Options{}, func(c *Config, _ *core) { c.TokenFrom = []string{place} })
			in := func(listed bool) string {
				if listed {
					return goodToken
				}
				return otherToken
			}
			r.dial("/ws?token="+in(tt.query), http.Header{"Authorization": {"Bearer " + in(tt.auth)}}, "bearer", in(tt.protocols))
			hs := r.core.lastHandshake(t)
			for where, got := range map[string]struct{ shown, want bool }{
				"query":        {hs.Request.Query["token"] == otherToken && hs.Request.RawQuery == "token="+otherToken, !tt.query},
				"header":       {hs.Request.Headers["authorization"] == "Bearer "+otherToken, !tt.auth},
				"subprotocol":  {hs.Request.Headers["sec-websocket-protocol"] == "bearer, "+otherToken, !tt.protocols},
				"subprotocols": {slices.Contains(hs.Request.Subprotocols, otherToken), !tt.protocols},
				"claims":       {string(hs.Request.Claims) == "null" && hs.UID == "", !tt.listed},
			} {
				if got.shown != got.want {
					t.Errorf("%s untouched is %v, want %v", where, got.shown, got.want)
				}
			}
			if whole, err := json.Marshal(hs); err != nil || strings.Contains(string(whole), goodToken) {
				t.Errorf("the token that was looked at is in the handshake: %s, %v", whole, err)
			}

			// The token that was found in a listed place is shown in none.
			r.dial("/ws?token="+goodToken, http.Header{"Authorization": {"Bearer " + goodToken}}, "bearer", goodToken)
			if !tt.listed {
				return
			}
			hs = r.core.lastHandshake(t)
			if whole, err := json.Marshal(hs); err != nil || strings.Contains(string(whole), goodToken) {
				t.Errorf("the token is in the handshake though %s holds it too: %s, %v", place, whole, err)
			}
		})
	}
}

// The first listed place wins, whatever the order on the wire.
func TestFirstListedPlaceWins(t *testing.T) {
	r := newRig(t, hub.Options{}, func(c *Config, _ *core) { c.TokenFrom = []string{"header", "query:token"} })
	r.dial("/ws?token="+goodToken, http.Header{"Authorization": {"Bearer " + otherToken}})
	if hs := r.core.lastHandshake(t); hs.UID != "43" {
		t.Errorf("uid %q, want that of the header's token", hs.UID)
	}
}

func TestSubprotocolSelection(t *testing.T) {
	for _, tt := range []struct {
		name, backend string
		offered       []string
		want          string
		warns         bool
	}{
		{"none", "", []string{"chat"}, "", false},
		{"the backend's choice", "chat", []string{"v1", "chat"}, "chat", false},
		{"the token's", "", []string{"bearer", goodToken, "chat"}, "bearer", false},
		{"the backend's choice beside a token", "chat", []string{"bearer", goodToken, "chat"}, "chat", false},
		{"not offered", "other", []string{"chat"}, "", true},
		{"the token itself", goodToken, []string{"bearer", goodToken}, "bearer", true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := newRig(t, hub.Options{}, func(_ *Config, g *core) {
				g.connect = func(context.Context, *protocol.Handshake) (string, error) { return tt.backend, nil }
			})
			conn := r.dial("/ws", nil, tt.offered...)
			if conn.Subprotocol() != tt.want {
				t.Errorf("%q is selected, want %q", conn.Subprotocol(), tt.want)
			}
			if got := strings.Contains(r.log.String(), "WARN"); got != tt.warns {
				t.Errorf("a warning is logged: %v, want %v", got, tt.warns)
			}
			if strings.Contains(r.log.String(), goodToken) {
				t.Error("the token is in the log")
			}
		})
	}
}

func TestMatches(t *testing.T) {
	for _, tt := range []struct {
		path, target string
		upgrade      bool
		want         bool
	}{
		{"/ws", "/ws", false, true},
		{"/ws", "/ws/", true, true},
		{"/ws/", "/ws/a/b?c", true, true},
		{"/ws", "/wss", true, false},
		{"/ws", "/", true, false},
		{"/ws", "/WS", true, false},
		{"/", "/", true, true},
		{"/", "/any/thing", true, true},
		{"/", "/", false, false},
		{"", "/x", true, true},
	} {
		h := &Handler{path: normalPath(tt.path)}
		u, err := url.Parse(tt.target)
		if err != nil {
			t.Fatal(err)
		}
		r := httptest.NewRequest(http.MethodGet, u.String(), nil)
		if tt.upgrade {
			r.Header.Set("Connection", "Upgrade")
			r.Header.Set("Upgrade", "websocket")
		}
		if got := h.Matches(r); got != tt.want {
			t.Errorf("path %q: %q (upgrade %v) matches is %v, want %v", tt.path, tt.target, tt.upgrade, got, tt.want)
		}
	}
}

func TestAnyPath(t *testing.T) {
	r := newRig(t, hub.Options{}, func(c *Config, _ *core) { c.Path = "/" })
	for _, path := range []string{"/", "/chat", "/a/b?c=d", ""} {
		r.dial(path, nil)
	}
	resp, err := http.Get("http://" + r.addr + "/")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != 404 {
		t.Errorf("a plain GET: %d, want it left to others", resp.StatusCode)
	}
}

func TestRemoteOf(t *testing.T) {
	for _, tt := range []struct {
		realIP, peer, text string
		port               int
	}{
		{"192.0.2.1", "10.0.0.1:50123", "192.0.2.1", 50123},
		{"::ffff:192.0.2.1", "[::1]:1", "192.0.2.1", 1},
		{"2001:DB8::1", "@", "2001:db8::1", 0},
		{"", "", "", 0},
	} {
		if got := remoteOf(tt.realIP, tt.peer); got.text != tt.text || got.port != tt.port {
			t.Errorf("remoteOf(%q, %q) = %q, %d, want %q, %d", tt.realIP, tt.peer, got.text, got.port, tt.text, tt.port)
		}
	}
}
