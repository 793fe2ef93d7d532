package ws

import (
	"encoding/base64"
	"encoding/json"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"gatepost/auth"
	"gatepost/protocol"
)

// Bounds of a handshake. All of it goes into the connect event, so they are
// tighter than those of any request.
const (
	maxRawQuery    = 8 << 10
	maxHeaders     = 100
	maxHeaderBytes = 32 << 10
)

// isUpgrade says whether the request asks for a WebSocket.
func isUpgrade(r *http.Request) bool {
	return hasToken(r.Header.Values("Connection"), "upgrade") && hasToken(r.Header.Values("Upgrade"), "websocket")
}

// hasToken looks for a token, in any case, in a header that is a list of them.
func hasToken(values []string, token string) bool {
	for _, v := range values {
		for t := range strings.SplitSeq(v, ",") {
			if strings.EqualFold(strings.Trim(t, " \t"), token) {
				return true
			}
		}
	}
	return false
}

// checkHandshake says what keeps the request from being upgraded at all: what
// RFC 6455, section 4.2.1, asks of it, and its size. nil: nothing does.
func checkHandshake(r *http.Request) *protocol.Refusal {
	keys := r.Header.Values("Sec-Websocket-Key")
	switch {
	case r.Method != http.MethodGet:
		return &protocol.Refusal{Status: http.StatusMethodNotAllowed, Text: "a WebSocket begins with GET"}
	case !r.ProtoAtLeast(1, 1) || r.ProtoMajor != 1 || !isUpgrade(r):
		return &protocol.Refusal{Status: http.StatusUpgradeRequired, Text: "this is a WebSocket endpoint"}
	case !hasToken(r.Header.Values("Sec-Websocket-Version"), "13"):
		return &protocol.Refusal{Status: http.StatusUpgradeRequired, Text: "WebSocket version 13 is expected"}
	case len(keys) != 1 || !isKey(keys[0]):
		return &protocol.Refusal{Status: http.StatusBadRequest, Text: "Sec-WebSocket-Key must be the base64 of 16 bytes"}
	case r.ContentLength != 0 || len(r.TransferEncoding) > 0:
		return &protocol.Refusal{Status: http.StatusBadRequest, Text: "a WebSocket handshake has no body"}
	case len(r.URL.RawQuery) > maxRawQuery:
		return &protocol.Refusal{Status: http.StatusRequestURITooLong, Text: "the query is too long"}
	case headersTooLarge(r.Header):
		return &protocol.Refusal{Status: http.StatusRequestHeaderFieldsTooLarge, Text: "the headers are too large"}
	}
	return nil
}

func isKey(key string) bool {
	raw, err := base64.StdEncoding.DecodeString(key)
	return err == nil && len(raw) == 16
}

func headersTooLarge(h http.Header) bool {
	count, bytes := 0, 0
	for name, values := range h {
		count += len(values)
		for _, v := range values {
			bytes += len(name) + len(v)
		}
	}
	return count > maxHeaders || bytes > maxHeaderBytes
}

// remote is the client's address.
type remote struct {
	text string     // as the event shows it
	addr netip.Addr // zero where the text is no address
	port int        // of the TCP peer; 0 where there is none
}

// remoteOf reads the client's address, proxies resolved, and the TCP peer's port.
func remoteOf(realIP, peer string) remote {
	rm := remote{text: strings.Clone(realIP)}
	if addr, err := netip.ParseAddr(realIP); err == nil {
		rm.addr = addr.Unmap()
		rm.text = rm.addr.String()
	}
	if _, port, err := net.SplitHostPort(peer); err == nil {
		rm.port, _ = strconv.Atoi(port) // a peer without a number has none
	}
	return rm
}

// describe makes the handshake that the gateway is shown; the whole request only where
// that asks somebody about it. Nothing of the request is kept alive by what outlives
// it: the path and the address are copies.
func (h *Handler) describe(r *http.Request, from remote, c *credentials, token *auth.ClientToken) *protocol.Handshake {
	hs := &protocol.Handshake{
		Request:    protocol.Request{Path: strings.ToValidUTF8(strings.Clone(r.URL.Path), "\uFFFD")},
		RemoteAddr: from.text,
		RemotePort: from.port,
		TraceID:    traceID(r.Header.Get("Traceparent")),
	}
	if token != nil {
		hs.UID, hs.Groups, hs.Session, hs.Until = token.UID, token.Groups, token.Session, token.Until
	}
	if h.gateway.Asks(hs.Request.Path) {
		hs.Request.Query = queryObject(c.rawQuery)
		hs.Request.RawQuery = c.rawQuery
		hs.Request.Headers = headerObject(r, c)
		hs.Request.Cookies = cookieObject(r.Header.Values("Cookie"))
		hs.Request.Subprotocols = c.subprotocols
		hs.Request.Claims = json.RawMessage("null")
		if token != nil && len(token.Claims) > 0 {
			hs.Request.Claims = token.Claims
		}
	}
	return hs
}

// headerObject is the headers as a connect event shows them. A header that a
// proxy added and that repeats the token, as X-Original-URI does, is left out;
// one in a place that isn't looked at never is.
func headerObject(r *http.Request, c *credentials) map[string]string {
	object := map[string]string{"host": r.Host}
	for name, values := range r.Header {
		name = strings.ToLower(name)
		value := strings.Join(values, ", ")
		if name == "cookie" || slices.Contains(c.hidden, name) {
			continue
		}
		if name != "authorization" && name != "sec-websocket-protocol" && c.tokenIn(value) {
			continue
		}
		object[name] = value
	}
	return object
}

// encodings is how often a token may be percent-encoded in a header: by the client
// that spelt its query so, and by a proxy that put that into a URL of its own.
const encodings = 2

func (c *credentials) tokenIn(value string) bool {
	for range 1 + encodings {
		if slices.ContainsFunc(c.tokens, func(t string) bool { return t != "" && strings.Contains(value, t) }) {
			return true
		}
		value = decodeQuery(value)
	}
	return false
}

// cookieObject is the cookies as they were sent, the first where a name is
// repeated.
func cookieObject(lines []string) map[string]string {
	object := make(map[string]string)
	for _, line := range lines {
		for pair := range strings.SplitSeq(line, ";") {
			name, value, ok := strings.Cut(strings.TrimSpace(pair), "=")
			if _, repeated := object[name]; ok && name != "" && !repeated {
				object[name] = value
			}
		}
	}
	return object
}
