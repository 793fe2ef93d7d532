package ws

import (
	"context"
	"log/slog"
	"net/http"
	"regexp"
	"time"

	"gatepost/protocol"
)

// Why handshakes are refused, in a word, for the log.
const (
	forHandshake = "handshake" // it is none, or too large
	forPath      = "path"
	forOrigin    = "origin"
	forToken     = "token"
	forAnonymous = "anonymous"
	forLimit     = "limit"
	forUnready   = "unready"
	forBackend   = "backend" // which refused, or didn't answer
)

// refusal is a handshake that is turned down, and what only the log says of it.
type refusal struct {
	protocol.Refusal
	reason  string
	sent    slog.Attr // by the client, no secret; each different one is told of
	allowed string
	setting string // that says what is allowed
}

func refuseWith(reason string, status int, text string) *refusal {
	return &refusal{reason: reason, Refusal: protocol.Refusal{Status: status, Text: text}}
}

// maxShown bounds, in bytes, what a log line shows of what a stranger sent, and
// maxLooked what is searched for tokens to hide: nothing that means anything is longer.
const (
	maxShown  = 200
	maxLooked = 2048
)

// tell logs the refusal at info, or warn where it is the operator's to change; at
// debug where such a one was told of just now.
func (h *Handler) tell(rf *refusal, from string) {
	level := slog.LevelInfo
	if rf.reason == forOrigin || rf.reason == forLimit {
		level = slog.LevelWarn
	}
	times, due := h.told.count(rf.reason, rf.Text+"\x00"+rf.sent.Value.String(), time.Now())
	if !due {
		level = slog.LevelDebug
	}
	if !h.log.Enabled(context.Background(), level) {
		return
	}
	attrs := []slog.Attr{slog.String("reason", rf.reason), slog.Int("status", rf.Status), slog.String("why", withoutTokens(refusalText(&rf.Refusal)))}
	if rf.sent.Key != "" {
		attrs = append(attrs, rf.sent)
	}
	if rf.allowed != "" {
		attrs = append(attrs, slog.String("allowed", rf.allowed))
	}
	if rf.setting != "" {
		attrs = append(attrs, slog.String("setting", rf.setting))
	}
	attrs = append(attrs, slog.String("remote_addr", from))
	if times > 1 {
		attrs = append(attrs, slog.Int("times", times))
	}
	h.log.LogAttrs(context.Background(), level, "refused a handshake", attrs...)
}

// jwt is what looks like a token, wherever it was put.
var jwt = regexp.MustCompile(`eyJ[\w-]*\.[\w-]*\.[\w-]*`)

// shown is what a stranger sent as a log line may have it: short, and without a token.
func (h *Handler) shown(r *http.Request, sent string) string {
	if len(sent) > maxLooked {
		return "too long to be shown"
	}
	found, _ := collect(h.places, r) // two different ones are two to hide
	return withoutTokens(mask(sent, found.tokens))
}

func withoutTokens(sent string) string {
	return protocol.Clip(jwt.ReplaceAllString(sent, stars), maxShown)
}
