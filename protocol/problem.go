package protocol

import (
	"fmt"
	"strings"
)

// Problem is an error that a caller is told: an RFC 9457 problem with a stable
// code. Every other error is an internal one outside the process.
type Problem struct {
	Status int    // the HTTP status it is answered with
	Code   string // stable, for programs
	Detail string // for people: what was expected and what came
	Field  string // the JSON field or parameter at fault, or empty
}

func (p *Problem) Error() string {
	if p.Field == "" {
		return p.Detail
	}
	return p.Field + ": " + p.Detail
}

// Stable problem codes.
const (
	CodeBadJSON      = "bad_json"
	CodeBadField     = "bad_field"
	CodeUnknownField = "unknown_field"
	CodeBadClientID  = "bad_client_id"
	CodeBadName      = "bad_name"
	CodeClientGone   = "client_gone"
	CodeTooLarge     = "too_large"
	CodeLimit        = "limit_exceeded"
	CodeUnauthorized = "unauthorized"
	CodeForbidden    = "forbidden"
	CodeNotFound     = "not_found"
	CodePrecondition = "precondition_failed"
	CodeMediaType    = "unsupported_media_type"
	CodeMethod       = "method_not_allowed"
	CodeUnavailable  = "unavailable"
	CodeUnreachable  = "node_unreachable"
	CodeInternal     = "internal"
)

// BadField is a 400 that names the field and what was expected of it.
func BadField(field, format string, args ...any) *Problem {
	return &Problem{Status: 400, Code: CodeBadField, Field: field, Detail: fmt.Sprintf(format, args...)}
}

// BadJSON is a 400 for a body that can't be read at all.
func BadJSON(format string, args ...any) *Problem {
	return &Problem{Status: 400, Code: CodeBadJSON, Detail: fmt.Sprintf(format, args...)}
}

// UnknownField is a 400 for a field that isn't one of known, of what where names.
func UnknownField(field, where string, known ...string) *Problem {
	detail := "is not a field of " + where
	if len(known) > 0 {
		detail += ", which has " + strings.Join(known, ", ")
	}
	if near := Nearest(field, known); near != "" {
		detail += "; did you mean " + near + "?"
	}
	return &Problem{Status: 400, Code: CodeUnknownField, Field: shorten(field), Detail: detail}
}

// TooLarge is a 413 that says the limit in bytes.
func TooLarge(what string, limit int) *Problem {
	return &Problem{Status: 413, Code: CodeTooLarge, Field: what, Detail: fmt.Sprintf("is larger than %d bytes", limit)}
}

// ClientGone is the 404 for a well-formed id of which there is no client now.
func ClientGone(id string) *Problem {
	return &Problem{Status: 404, Code: CodeClientGone, Field: "client_id", Detail: fmt.Sprintf("there is no client %s", id)}
}

// NodeUnreachable is the 503 of a call on one client whose node doesn't answer. It
// may have been carried out there all the same.
func NodeUnreachable(node string) *Problem {
	return &Problem{Status: 503, Code: CodeUnreachable, Detail: fmt.Sprintf("node %s didn't answer", node)}
}
