package webhooks

import (
	"slices"
	"strings"

	"gatepost/protocol"
)

// matches says whether the endpoint wants such an event of a client that
// connected at path.
func (e *Endpoint) matches(t protocol.EventType, path string) bool {
	if e.Events != nil && !slices.Contains(e.Events, t) {
		return false
	}
	below, ok := strings.CutPrefix(path, e.Path)
	return ok && (e.Path == "" || below == "" || below[0] == '/')
}
