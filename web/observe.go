package web

import (
	"log/slog"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/prometheus/client_golang/prometheus"
)

// observe counts and times each call, and logs it at level debug. It knows a call
// by its route: paths hold names of users, queries may hold worse.
func observe(log *slog.Logger, reg prometheus.Registerer) echo.MiddlewareFunc {
	calls := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "gatepost_api_requests_total",
		Help: "HTTP calls answered, by route and status. Handshakes aren't among them.",
	}, []string{"method", "route", "status"})
	seconds := prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name:    "gatepost_api_request_seconds",
		Help:    "Time from a call's header to the end of its answer.",
		Buckets: []float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10},
	}, []string{"method", "route"})
	reg.MustRegister(calls, seconds)

	known := newSeriesCache(calls, seconds)
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			begun := time.Now()
			if err := next(c); err != nil {
				c.Error(err) // answered here, so that its status is known
			}
			took := time.Since(begun)
			k := seriesKey{knownMethod(c.Request().Method), routeOf(c), c.Response().Status}
			s := known.of(k)
			s.calls.Inc()
			s.seconds.Observe(took.Seconds())
			if log.Enabled(c.Request().Context(), slog.LevelDebug) {
				log.Debug("call", "method", k.method, "route", k.route, "status", k.status, "took", took)
			}
			return nil
		}
	}
}

// routeOf is the route's template, the same for every path that nothing serves.
func routeOf(c echo.Context) string {
	if route := c.Path(); route != "" {
		return route
	}
	return "unmatched"
}

// knownMethod keeps invented methods from making a time series each.
func knownMethod(method string) string {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch,
		http.MethodDelete, http.MethodOptions:
		return method
	}
	return "other"
}
