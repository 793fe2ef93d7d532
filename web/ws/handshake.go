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
func checkHandshake(r *http.Request) *refusal {
	keys := r.Header.Values("Sec-Websocket-Key")
	switch {
	case r.Method != http.MethodGet && r.Method != http.MethodHead:
		return refuseWith(forHandshake, http.StatusMethodNotAllowed, "a WebSocket begins with GET")
	case r.Method == http.MethodHead || !r.ProtoAtLeast(1, 1) || r.ProtoMajor != 1 || !isUpgrade(r):
		return refuseWith(forHandshake, http.StatusUpgradeRequired, "this is a WebSocket endpoint")
	case !hasToken(r.Header.Values("Sec-Websocket-Version"), "13"):
		return refuseWith(forHandshake, http.StatusUpgradeRequired, "WebSocket version 13 is expected")
	case len(keys) != 1 || !isKey(keys[0]):
		return refuseWith(forHandshake, http.StatusBadRequest, "Sec-WebSocket-Key must be the base64 of 16 bytes")
	case r.ContentLength != 0 || len(r.TransferEncoding) > 0:
		return refuseWith(forHandshake, http.StatusBadRequest, "a WebSocket handshake has no body")
	case len(r.URL.RawQuery) > maxRawQuery:
		return refuseWith(forHandshake, http.StatusRequestURITooLong, "the query is too long")
	case headersTooLarge(r.Header):
		return refuseWith(forHandshake, http.StatusRequestHeaderFieldsTooLarge, "the headers are too large")
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
		Request:    protocol.Request{Path: strings.ToValidUTF8(mask(strings.Clone(r.URL.Path), c.tokens), "\uFFFD")},
		RemoteAddr: from.text,
		RemotePort: from.port,
		TraceID:    traceID(r.Header.Get("Traceparent")),
	}
	if token != nil {
		hs.UID, hs.Groups, hs.Session, hs.Until = token.UID, token.Groups, token.Session, token.Until
	}
	if h.gateway.Asks(hs.Request.Path) {
		hs.Request.RawQuery = mask(c.rawQuery, c.tokens)
		hs.Request.Query = queryObject(hs.Request.RawQuery)
		hs.Request.Headers = headerObject(r, c)
		hs.Request.Cookies = cookieObject(r.Header.Values("Cookie"), c)
		hs.Request.Subprotocols = slices.Clone(c.subprotocols)
		for i, p := range hs.Request.Subprotocols {
			hs.Request.Subprotocols[i] = mask(p, c.tokens)
		}
		hs.Request.Claims = json.RawMessage("null")
		if token != nil && len(token.Claims) > 0 {
			hs.Request.Claims = token.Claims
		}
	}
	return hs
}

// headerObject is the headers as a connect event shows them, without those that were
// looked at for a token.
func headerObject(r *http.Request, c *credentials) map[string]string {
	object := map[string]string{"host": mask(r.Host, c.tokens)}
	for name, values := range r.Header {
		name = strings.ToLower(name)
		if name == "cookie" || slices.Contains(c.hidden, name) {
			continue
		}
		object[name] = mask(strings.Join(values, ", "), c.tokens)
	}
	return object
}

// cookieObject is the cookies as they were sent but for tokens, the first where a name
// is repeated.
func cookieObject(lines []string, c *credentials) map[string]string {
	object := make(map[string]string)
	for _, line := range lines {
		for pair := range strings.SplitSeq(mask(line, c.tokens), ";") {
			name, value, ok := strings.Cut(strings.TrimSpace(pair), "=")
			if _, repeated := object[name]; ok && name != "" && !repeated {
				object[name] = value
			}
		}
	}
	return object
}
