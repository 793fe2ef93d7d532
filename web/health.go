package web

import (
	"encoding/json"
	"net/http"
)

// Where both listeners answer for their health.
const (
	healthPath = "/healthz"
	readyPath  = "/readyz"
)

// Check is one condition of being ready.
type Check struct {
	// Name is what /readyz calls it when it fails.
	Name string
	// Reason is why this node isn't ready, for anyone to read; empty: it is. It
	// answers at once.
	Reason func() string
}

// healthz answers for as long as the process lives: a restart would help nothing
// else.
func healthz(w http.ResponseWriter, _ *http.Request) {
	writeHealth(w, http.StatusOK, map[string]bool{"alive": true})
}

// readiness answers /readyz: 503 takes this node out of its balancer's rotation.
type readiness struct{ checks []Check }

// reason is one check that fails.
type reason struct {
	Check  string `json:"check"`
	Reason string `json:"reason"`
}

func (rd *readiness) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	reasons := []reason{}
	for _, check := range rd.checks {
		if why := check.Reason(); why != "" {
			reasons = append(reasons, reason{check.Name, why})
		}
	}
	status := http.StatusOK
	if len(reasons) > 0 {
		status = http.StatusServiceUnavailable
	}
	writeHealth(w, status, struct {
		Ready   bool     `json:"ready"`
		Reasons []reason `json:"reasons"`
	}{len(reasons) == 0, reasons})
}

func writeHealth(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // whoever asked has left
}
