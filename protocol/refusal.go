package protocol

import "fmt"

// Refusal is a handshake that is turned down before the upgrade.
type Refusal struct {
	Status     int
	Text       string // at most MaxRefusalBytes
	RetryAfter int    // seconds; 0: no such header
	ByBackend  bool   // which refused, or didn't accept
}

func (r *Refusal) Error() string { return fmt.Sprintf("refused with %d: %s", r.Status, r.Text) }

// CloseCode is what a client sees that asked for ?refuse=close instead of the
// HTTP status: a browser can't read that.
func (r *Refusal) CloseCode() int {
	switch {
	case r.Status == 401:
		return CloseUnauthorized
	case r.Status == 429 || r.Status >= 500:
		return CloseTryLater
	default:
		return CloseForbidden
	}
}
