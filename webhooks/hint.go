package webhooks

import (
	"bytes"
	"net/http"
)

// hints are what statuses mostly mean that a backend's framework answers before
// the handler is reached, or that the handler answers when it trusts nobody.
var hints = map[int]string{
	http.StatusMovedPermanently:      "redirects aren't followed; give the URL that it leads to.",
	http.StatusFound:                 "redirects aren't followed; if it leads to a login, exempt this path from it.",
	http.StatusTemporaryRedirect:     "redirects aren't followed; give the URL that it leads to.",
	http.StatusPermanentRedirect:     "redirects aren't followed; give the URL that it leads to.",
	http.StatusUnauthorized:          "has the backend the same GATEPOST_WEBHOOK_SECRET, and does it verify the body as it came?",
	http.StatusForbidden:             "is it the handler that says so, or a check for logins or CSRF before it?",
	http.StatusNotFound:              "is this the handler's path, and does the proxy know it? " + meant,
	http.StatusMethodNotAllowed:      "the handler must take POST. " + meant,
	http.StatusRequestEntityTooLarge: "what stands before the handler takes no body so large (nginx: client_max_body_size). " + meant,
	419:                              "this is Laravel's CSRF check; exempt this path, or put it into routes/api.php.",
	520:                              cloudflare, 521: cloudflare, 522: cloudflare, 523: cloudflare, 524: cloudflare, 525: cloudflare, 526: cloudflare, 530: cloudflare,
}

const (
	meant      = "A handler that means it adds the header gatepost-refuse: 1."
	cloudflare = "Cloudflare answers so where it doesn't reach the backend, or gets no good answer from it."
)

// statusHint is what mostly lies behind a backend's answer with this status, for people,
// or empty.
func (a *answer) statusHint() string {
	if a.header.Get(refuseHeader) == "1" {
		return ""
	}
	return hints[a.status]
}

// hint guesses why a reply can't be read, for who has to mend it.
func hint(a *answer) string {
	body := bytes.TrimSpace(a.body)
	switch {
	case bytes.HasPrefix(body, []byte("\xef\xbb\xbf")):
		return "it begins with a byte order mark: save the script as UTF-8 without BOM"
	case bytes.HasPrefix(body, []byte("<")) || bytes.Contains(body, []byte("<br />")):
		return "it looks like HTML: a PHP warning or error (display_errors), or another page than the handler"
	case bytes.HasPrefix(body, []byte("{")):
		return "the JSON is broken, or holds a field of the wrong type, or something is printed behind it"
	case bytes.Contains(body, []byte("{")):
		return "something is printed before the JSON"
	}
	return "answer with a JSON object, or with nothing"
}
