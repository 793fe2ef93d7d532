package api

import (
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"os"
	"strings"

	"gatepost/protocol"
)

// Limits of JSON bodies, in bytes. Where a body holds messages, maxEscape times
// the largest push comes on top; each message is then measured by itself.
const (
	maxSmallBody   = 64 << 10  // one client, one name
	maxSessionBody = 256 << 10 // a session, with room for white space and escapes
	maxNamesBody   = 3 << 20   // lists of names
	maxActionsBody = 8 << 20   // POST /actions
	// maxEscape is how much longer JSON may be than what it says: \u0001 has six
	// bytes for one.
	maxEscape = 6
	// maxDrain is how much of a body that is too large is read and thrown away, so
	// that its sender comes to read the answer instead of a reset connection.
	maxDrain = 8 << 20
)

// codeRequestTimeout is the code of a body that came too slowly.
const codeRequestTimeout = "request_timeout"

type bodyKind int

const (
	absent bodyKind = iota
	messageBody
	jsonKind
)

// bodyRule is what a call's body may be.
type bodyRule struct {
	kind  bodyKind
	limit int // bytes
}

var noBody = bodyRule{kind: absent}

func jsonBody(limit int) bodyRule { return bodyRule{kind: jsonKind, limit: limit} }

// read reads the call's body as its route wants it.
func (c *call) read(rule bodyRule) error {
	r := c.Request()
	if rule.kind != absent {
		media, err := mediaType(r.Header)
		if err != nil {
			return err
		}
		if rule.kind == jsonKind && !takenForJSON(media) {
			return wrongMedia("%s can't be read here; send JSON as application/json", media)
		}
		c.binary = media == "application/octet-stream"
	}
	body, err := readAtMost(r, rule.limit)
	if err != nil {
		return err
	}
	if rule.kind == absent {
		if len(body) > 0 {
			return protocol.BadField("body", "this call takes none")
		}
		return nil
	}
	c.body = body
	return nil
}

// mediaType is the body's type in lower case, empty where none is given. Forms
// have none here: they can't carry what the calls take.
func mediaType(h http.Header) (string, error) {
	if coding := h.Get("Content-Encoding"); coding != "" && !strings.EqualFold(coding, "identity") {
		problem := wrongMedia("%q isn't read; send the body as it is", coding)
		problem.Field = "content-encoding"
		return "", problem
	}
	header := h.Get("Content-Type")
	switch header {
	case "", "text/plain", "application/json", "application/octet-stream": // they need no parsing
		return header, nil
	}
	media, _, err := mime.ParseMediaType(header)
	if err != nil && !errors.Is(err, mime.ErrInvalidMediaParameter) {
		return "", wrongMedia("the content-type can't be read")
	}
	if strings.HasPrefix(media, "multipart/") || media == "application/x-www-form-urlencoded" {
		return "", wrongMedia("%s isn't read; set the header content-type to application/json for JSON, "+
			"text/plain for a text message or application/octet-stream for a binary one "+
			"(curl sends a form's content-type unless it is told another)", media)
	}
	return media, nil
}

func takenForJSON(media string) bool {
	switch media {
	case "", "application/json", "text/json", "text/plain":
		return true
	}
	return strings.HasPrefix(media, "application/") && strings.HasSuffix(media, "+json")
}

func wrongMedia(format string, args ...any) *protocol.Problem {
	return &protocol.Problem{Status: http.StatusUnsupportedMediaType, Code: protocol.CodeMediaType,
		Field: "content-type", Detail: fmt.Sprintf(format, args...)}
}

// readAtMost reads a body of at most limit bytes; a larger one is a 413.
func readAtMost(r *http.Request, limit int) ([]byte, error) {
	if r.ContentLength > int64(limit) {
		if r.Header.Get("Expect") == "" {
			drain(r.Body)
		}
		return nil, bodyTooLarge(limit)
	}
	if r.ContentLength > 0 {
		body := make([]byte, r.ContentLength)
		_, err := io.ReadFull(r.Body, body)
		return body, readFault(err)
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, int64(limit)+1))
	if err != nil {
		return nil, readFault(err)
	}
	if len(body) > limit {
		drain(r.Body)
		return nil, bodyTooLarge(limit)
	}
	return body, nil
}

func bodyTooLarge(limit int) error {
	if limit == 0 {
		return protocol.BadField("body", "this call takes none")
	}
	return protocol.TooLarge("body", limit)
}

func drain(body io.Reader) { _, _ = io.CopyN(io.Discard, body, maxDrain) }

// readFault is the problem of a body that didn't come whole.
func readFault(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, os.ErrDeadlineExceeded):
		return &protocol.Problem{Status: http.StatusRequestTimeout, Code: codeRequestTimeout,
			Field: "body", Detail: "came too slowly"}
	default:
		return protocol.BadField("body", "ended early or was malformed")
	}
}
