package auth

import (
	"fmt"

	"gatepost/protocol"
)

// unauthorized is a 401 that names the claim at fault, or the token where claim
// is empty. Nothing that the caller sent may be in it.
func unauthorized(claim, format string, args ...any) *protocol.Problem {
	return &protocol.Problem{Status: 401, Code: protocol.CodeUnauthorized, Field: claim, Detail: fmt.Sprintf(format, args...)}
}
