package web

import (
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"gatepost/web/api"
	"gatepost/web/http1"
)

// Config is what an operator decides about the listeners.
type Config struct {
	// Addr is the public listener's address, ":8080" for instance.
	Addr string
	// AdminAddr is the address of a listener of its own for metrics and pprof,
	// without token. Empty: no pprof, and metrics on the public one, for tokens with
	// scope read.
	AdminAddr string
	// TrustedProxies are CIDRs whose X-Forwarded-For is believed; "fly" among them
	// believes Fly-Client-IP. See ParseProxies.
	TrustedProxies []string
	// MaxPush is the largest message that may be pushed, in bytes.
	MaxPush int
	// MaxConnections and MaxConnectionsPerIP bound the connections of the public listener,
	// those that were upgraded included; MaxAdminConnections those of the other. 0: no limit.
	MaxConnections, MaxConnectionsPerIP, MaxAdminConnections int
	// Timeouts bound how long a peer may take; zero fields have defaults.
	Timeouts Timeouts
}

// Timeouts bound how long a peer may take for a request. They don't touch a
// connection that has become a socket, nor a handshake that waits for its connect
// webhook.
type Timeouts struct {
	Header time.Duration // to send the header; default 10 s
	Read   time.Duration // to send header and body; default 30 s
	Write  time.Duration // to accept the answer, from its first byte; default 60 s
	Idle   time.Duration // between requests; default 11 min, as balancers keep connections for up to 10
}

// maxHeaderBytes bounds a request's header. Room for a token in it, and for the
// cookies of a careless site.
const maxHeaderBytes = 32 << 10

// Sockets upgrades connections.
type Sockets interface {
	// Matches says whether this request is the sockets' to answer, if only to
	// refuse it.
	Matches(r *http.Request) bool
	// Upgrade answers it.
	Upgrade(c echo.Context) error
}

// Deps are what the server calls upon.
type Deps struct {
	API api.Deps // its Metrics and Log are the server's to set
	// Sockets may be nil: there are none then.
	Sockets Sockets
	// Upgraded is how many connections were upgraded and are open: of all, and of one
	// address, which may be 0 without Config.MaxConnectionsPerIP. It may be nil where there are no sockets.
	Upgraded func(from netip.Prefix) (all, same int)
	// Checks say whether this node is ready for traffic.
	Checks []Check
	// Extra adds routes of its own, behind all others, and no middleware to all
	// routes; nil: none.
	Extra func(*echo.Echo)

	Log        *slog.Logger
	Registerer prometheus.Registerer
	Gatherer   prometheus.Gatherer
}

// Server is the public listener, and the admin listener if there is one.
type Server struct {
	echo   *echo.Echo
	public *listener
	admin  *listener // nil: none
}

// New assembles a server. It listens from Listen on. An error is a fault of the
// configuration.
func New(cfg Config, deps Deps) (*Server, error) {
	proxies, err := ParseProxies(cfg.TrustedProxies)
	if err != nil {
		return nil, fmt.Errorf("trusted proxies: %w", err)
	}
	cfg.Timeouts.setDefaults()
	metrics := promhttp.HandlerFor(deps.Gatherer, promhttp.HandlerOpts{})
	ready := &readiness{checks: deps.Checks}

	s := &Server{}
	deps.API.Log = deps.Log
	deps.API.Metrics = metrics
	if cfg.AdminAddr != "" {
		deps.API.Metrics = nil
		patient := cfg.Timeouts
		patient.Write = 0 // a trace is written for as long as it was asked to take
		limits := http1.Limits{Total: cfg.MaxAdminConnections, Young: young}
		s.admin = newListener(cfg.AdminAddr, adminHandler(metrics, ready), patient, limits, deps.Log)
	}
	s.echo = newEcho(cfg, deps, proxies, ready)
	s.public = newListener(cfg.Addr, s.echo, cfg.Timeouts, newLimits(cfg, deps, proxies), deps.Log)
	countOpen(deps.Registerer, s.public.server)
	return s, nil
}

// newEcho is the public listener's handler.
func newEcho(cfg Config, deps Deps, proxies *Proxies, ready *readiness) *echo.Echo {
	e := echo.New()
	e.HideBanner, e.HidePort = true, true
	e.IPExtractor = proxies.ClientIP
	e.HTTPErrorHandler = api.HandleError(deps.Log)

	guard := recoverPanics(deps.Log)
	front := api.RawPath(route(e))
	observed := observe(deps.Log, deps.Registerer)
	for _, before := range []echo.MiddlewareFunc{guard, observed, divertSockets(deps.Sockets, guard), refuseDotSegments(observed), dropSlash} {
		front = before(front)
	}
	// echo composes what comes before its routing anew for each request.
	e.Pre(func(echo.HandlerFunc) echo.HandlerFunc { return front })

	reading := []string{http.MethodGet, http.MethodHead}
	e.Match(reading, healthPath, echo.WrapHandler(http.HandlerFunc(healthz)))
	e.Match(reading, readyPath, echo.WrapHandler(ready))
	api.New(api.Config{MaxPush: cfg.MaxPush}, deps.API).Register(e)
	if deps.Extra != nil {
		deps.Extra(e)
	}
	return e
}

// route has a call's route answer it.
func route(e *echo.Echo) echo.HandlerFunc {
	router := e.Router()
	return func(c echo.Context) error {
		r := c.Request()
		router.Find(r.Method, echo.GetPath(r), c)
		return c.Handler()(c)
	}
}

func (t *Timeouts) setDefaults() {
	orElse := func(d *time.Duration, fallback time.Duration) {
		if *d == 0 {
			*d = fallback
		}
	}
	orElse(&t.Header, 10*time.Second)
	orElse(&t.Read, 30*time.Second)
	orElse(&t.Write, time.Minute)
	orElse(&t.Idle, 11*time.Minute)
}
