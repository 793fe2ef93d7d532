package web

import (
	"net/http"
	"net/http/pprof"
)

// adminHandler serves what is for operators, to whoever reaches its listener.
func adminHandler(metrics http.Handler, ready *readiness) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", metrics)
	mux.HandleFunc("GET "+healthPath, healthz)
	mux.Handle("GET "+readyPath, ready)
	mux.HandleFunc("/debug/pprof/", pprof.Index)
	mux.HandleFunc("/debug/pprof/cmdline", pprof.Cmdline)
	mux.HandleFunc("/debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("/debug/pprof/symbol", pprof.Symbol)
	mux.HandleFunc("/debug/pprof/trace", pprof.Trace)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		oneSlash(r.URL)
		mux.ServeHTTP(w, r)
	})
}
