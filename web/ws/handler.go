package ws

import (
	"errors"
	"log/slog"
	"math"
	"net/http"
	"net/netip"
	"path"
	"strings"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/olahol/melody"
	"github.com/prometheus/client_golang/prometheus"

	"gatepost/auth"
	"gatepost/gateway"
	"gatepost/hub"
	"gatepost/protocol"
)

// Retry-After of the refusals that are this package's own, in seconds.
const (
	retryDraining = 1
	retryFull     = 5
)

// Handler upgrades clients and reads from them.
type Handler struct {
	cfg        Config
	path       string // without a slash at the end; empty: any
	places     []place
	origins    originPolicy
	heartbeats map[string]*hub.Frame // by what is received; nil: swallowed
	patience   time.Duration

	gateway Gateway
	tokens  Tokens
	log     *slog.Logger
	metrics *metrics
	melody  *melody.Melody
	seats   *seats
	// refusing bounds the connections that are upgraded only to be closed.
	refusing chan struct{}
	told     told // of refusals, in the log
}

// New makes a handler that admits clients through gw, verifies their tokens with
// tokens and registers its metrics on reg.
func New(cfg Config, gw Gateway, tokens Tokens, log *slog.Logger, reg prometheus.Registerer) *Handler {
	h := &Handler{
		cfg:        cfg,
		path:       normalPath(cfg.Path),
		places:     parsePlaces(cfg.TokenFrom),
		origins:    newOriginPolicy(cfg.Origins),
		heartbeats: make(map[string]*hub.Frame),
		patience:   patienceAt(cfg.ClientRate),
		gateway:    gw,
		tokens:     tokens,
		log:        log,
		metrics:    newMetrics(reg),
		seats:      newSeats(cfg.MaxConnections, cfg.MaxConnectionsPerIP),
		refusing:   make(chan struct{}, maxRefused),
	}
	for _, hb := range cfg.Heartbeats {
		var answer *hub.Frame
		if hb.Answer != nil {
			answer = hub.NewFrame(&protocol.Message{Payload: []byte(*hb.Answer)})
		}
		h.heartbeats[hb.Receive] = answer
	}
	h.melody = h.newMelody()
	return h
}

// normalPath is a path without a slash at its end; empty: the root.
func normalPath(p string) string { return strings.TrimSuffix(path.Clean("/"+p), "/") }

// Matches says whether a request is for this handler: it is for the path or
// something below it, or a handshake on another path, which is refused. Where the path
// is "/" that is any request to upgrade, so that other handlers can share it.
func (h *Handler) Matches(r *http.Request) bool {
	if h.path == "" {
		return isUpgrade(r)
	}
	return h.serves(r.URL.Path) || r.Method == http.MethodGet && isUpgrade(r) && r.Header.Get("Sec-Websocket-Key") != ""
}

// serves says whether clients connect on this path.
func (h *Handler) serves(path string) bool {
	below, ok := strings.CutPrefix(path, h.path)
	return ok && (h.path == "" || below == "" || below[0] == '/')
}

// Upgrade judges a handshake and, if nothing speaks against it, makes it a
// client. It returns once that is decided; the connection is served on a
// goroutine of its own. A refusal is answered here: the error is always that of
// writing the answer.
func (h *Handler) Upgrade(c echo.Context) error {
	r := c.Request()
	if !h.serves(r.URL.Path) {
		rf := refuseWith(forPath, http.StatusNotFound, "clients connect at another path; GATEPOST_WS_PATH names it")
		rf.sent, rf.allowed, rf.setting = slog.String("path", h.shown(r, r.URL.Path)), h.path+", and below", "GATEPOST_WS_PATH"
		return h.refuse(c, rf)
	}
	if rf := checkHandshake(r); rf != nil {
		return h.refuse(c, rf)
	}
	from := remoteOf(c.RealIP(), r.RemoteAddr)
	found, token, rf := h.judge(r)
	if rf != nil {
		return h.refuse(c, rf)
	}
	taken, full := h.seats.take(from.addr)
	if full != nil {
		return h.refuse(c, full)
	}
	defer func() { taken.release() }() // of what the connection hasn't taken over
	admission, err := h.gateway.Connect(r.Context(), h.describe(r, from, found, token))
	if err != nil {
		taken.release()
		return h.refuse(c, h.refusalOf(err))
	}
	return h.serve(c, admission, h.subprotocol(admission, found), &taken)
}

// Open is how many connections there are that the handler has taken from the HTTP server:
// of all, and, where there is a limit for one address, of those from this one.
func (h *Handler) Open(from netip.Prefix) (all, same int) {
	all, same = h.seats.count(from)
	return all + len(h.refusing), same
}

// judge says what keeps the request from becoming a client, before its place is
// reserved and the backend asked.
func (h *Handler) judge(r *http.Request) (*credentials, *auth.ClientToken, *refusal) {
	if h.gateway.Draining() {
		rf := refuseWith(forUnready, http.StatusServiceUnavailable, "this node is draining")
		rf.RetryAfter = retryDraining
		return nil, nil, rf
	}
	if !h.origins.allows(r) {
		rf := refuseWith(forOrigin, http.StatusForbidden, "this Origin may not connect; GATEPOST_ORIGINS names those that may")
		rf.sent, rf.setting = slog.String("origin", h.shown(r, strings.Join(r.Header.Values("Origin"), ", "))), "GATEPOST_ORIGINS"
		if rf.allowed = strings.Join(h.cfg.Origins, ", "); rf.allowed == "" {
			rf.allowed = "the request's own host, " + h.shown(r, r.Host)
		}
		return nil, nil, rf
	}
	found, err := collect(h.places, r)
	if err != nil {
		return nil, nil, unauthorized(err.Error())
	}
	token, rf := h.verify(found.tokens)
	if rf != nil {
		return nil, nil, rf
	}
	if token == nil && !h.cfg.Anonymous {
		rf := refuseWith(forAnonymous, http.StatusUnauthorized, "a client token is required")
		rf.allowed, rf.setting = "a token in "+strings.Join(h.cfg.TokenFrom, ", "), "GATEPOST_ANONYMOUS"
		return nil, nil, rf
	}
	return found, token, nil
}

// verify verifies all the tokens that were found. The first is the client's; nil:
// there is none.
func (h *Handler) verify(tokens []string) (*auth.ClientToken, *refusal) {
	var first *auth.ClientToken
	for i, t := range tokens {
		verified, err := h.tokens.VerifyClient(t)
		if err != nil {
			return nil, badToken(err)
		}
		if i == 0 {
			first = verified
		}
	}
	return first, nil
}

// badToken is the refusal for what is wrong with a token.
func badToken(err error) *refusal {
	rf := unauthorized("the client token is not valid: " + err.Error())
	var p *protocol.Problem
	if !errors.As(err, &p) {
		return rf
	}
	if p.Status != http.StatusUnauthorized {
		rf = refuseWith(forToken, p.Status, p.Error())
		rf.RetryAfter = retryFull
	}
	const keys = "GATEPOST_SECRET, GATEPOST_JWKS_URL or GATEPOST_PUBLIC_KEY_FILE"
	rf.setting = map[string]string{
		"": keys, "alg": keys,
		"aud": "GATEPOST_CLIENT_AUDIENCE", "iss": "GATEPOST_CLIENT_ISSUER",
	}[p.Field]
	var wrong *auth.WrongClaim
	if errors.As(err, &wrong) {
		rf.sent = slog.String(wrong.Field, withoutTokens(wrong.Sent))
	}
	return rf
}

func unauthorized(text string) *refusal { return refuseWith(forToken, http.StatusUnauthorized, text) }

// refusalOf is the gateway's refusal; anything else it returns is its failure.
func (h *Handler) refusalOf(err error) *refusal {
	var rf *protocol.Refusal
	if !errors.As(err, &rf) {
		h.log.Error("connecting a client failed", "error", err)
		rf = &protocol.Refusal{Status: http.StatusServiceUnavailable, RetryAfter: retryFull}
	}
	reason := forUnready
	if rf.ByBackend {
		reason = forBackend
	}
	return &refusal{Refusal: *rf, reason: reason}
}

// subprotocol is the one to select: the backend's choice, else "bearer" where the
// token came so.
func (h *Handler) subprotocol(a *gateway.Admission, found *credentials) string {
	if a.Subprotocol == "" {
		return found.bearer
	}
	for _, p := range found.subprotocols {
		if p == a.Subprotocol {
			return p
		}
	}
	h.log.Warn("the backend chose a subprotocol that the client didn't offer", "client_id", a.Client.ID())
	return found.bearer
}

// newMelody makes the reading side's engine. What melody would do by itself and
// hub does instead is switched off: pings, deadlines and writes.
func (h *Handler) newMelody() *melody.Melody {
	m := melody.New()
	m.Config = &melody.Config{
		WriteWait:         time.Second,
		PongWait:          math.MaxInt64 / 2,
		PingPeriod:        math.MaxInt64,
		MaxMessageSize:    int64(h.cfg.MaxMessage),
		MessageBufferSize: 1, // for the one Close that retires the write pump
	}
	m.Upgrader.ReadBufferSize = 384 // each client keeps it: a message of some 370 bytes comes with one read
	m.Upgrader.WriteBufferSize = 256
	m.Upgrader.WriteBufferPool = &buffers
	m.Upgrader.EnableCompression = false
	m.Upgrader.HandshakeTimeout = upgradedIn
	m.HandleConnect(onConnect)
	m.HandleMessage(onText)
	m.HandleMessageBinary(onBinary)
	m.HandleClose(onClose)
	m.HandleError(onError)
	return m
}
