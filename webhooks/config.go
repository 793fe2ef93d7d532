package webhooks

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"golang.org/x/net/http/httpguts"

	"gatepost/protocol"
)

// What a zero in the configuration stands for.
const (
	defaultTimeout     = 10 * time.Second
	defaultConcurrency = 64
	defaultMessageTTL  = time.Hour
)

// Config is what a Dispatcher is made of.
type Config struct {
	// Endpoints are asked in order; the first that matches gets the event.
	Endpoints []Endpoint
	// MessageTTL is how long a message may have waited when its turn comes; an
	// older one becomes a dead letter. 0: one hour.
	MessageTTL time.Duration
	// Version is told to backends in the user-agent.
	Version string
	// Keeper keeps what waits for a later try, and dead letters, across the end of
	// the process. nil: nothing waits for later tries, and dead letters are in
	// memory, bounded.
	Keeper Keeper
	// DurableMessages keeps a message before its first attempt. Otherwise it is kept
	// once its quick tries are spent, or when its delivery is given up; a close is
	// always kept first.
	DurableMessages bool
	// Fence keeps attempts from beginning, and ends those under way, while this node
	// may not act on the outside. nil: it always may.
	Fence Fence
	// OutboxMax is how many bytes may wait for later tries, see Full. Dead letters
	// may take a quarter of it beside that. 0: 1 GiB.
	OutboxMax int64
}

// Endpoint is a URL that gets events.
type Endpoint struct {
	// Name tells it apart in metrics, logs and dead letters.
	Name string
	// URL is http or https. Its query and user info are sent, and never shown.
	URL string
	// Path narrows it to clients that connected there or below: /chat is /chat and
	// /chat/x, not /chatter. Empty or "/": all clients.
	Path string
	// Events narrows it to these types; nil: all.
	Events []protocol.EventType
	// Signer signs each attempt.
	Signer Signer
	// Timeout bounds one attempt, and all the tries of a connect together. 0: 10 s.
	Timeout time.Duration
	// Concurrency is the most attempts under way at once. 0: 64.
	Concurrency int
	// Batch is the most events in one POST. 0 and 1: one.
	Batch int
	// Headers are sent with each attempt. They can't replace the gateway's own.
	Headers map[string]string
}

// Signer gives the value of webhook-signature after Standard Webhooks 1.0. It is
// called by many goroutines at once.
type Signer interface {
	Sign(id string, at time.Time, body []byte) string
}

func (e Endpoint) withDefaults() Endpoint {
	if e.Timeout == 0 {
		e.Timeout = defaultTimeout
	}
	if e.Concurrency == 0 {
		e.Concurrency = defaultConcurrency
	}
	if e.Batch == 0 {
		e.Batch = 1
	}
	e.Path = strings.TrimSuffix(e.Path, "/")
	return e
}

// check names every fault at once.
func (e Endpoint) check() error {
	var faults []error
	fault := func(format string, args ...any) {
		faults = append(faults, fmt.Errorf("webhook endpoint %q: "+format, append([]any{e.Name}, args...)...))
	}
	if e.Name == "" {
		fault("the name is empty")
	}
	// url.Parse's own error repeats the URL, which may hold a password.
	if u, err := url.Parse(e.URL); err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
		fault("the URL must be http:// or https:// with a host")
	}
	if e.Path != "" && e.Path[0] != '/' {
		fault("the path %q must begin with /", e.Path)
	}
	for _, t := range e.Events {
		if !slices.Contains(protocol.EventTypes, t) {
			fault("there is no event %q; connect, message and close are expected", t)
		}
	}
	if e.Signer == nil {
		fault("there is no secret to sign with")
	}
	if e.Timeout < 0 || e.Concurrency < 0 || e.Batch < 0 {
		fault("timeout, concurrency and batch can't be negative")
	}
	for name, value := range e.Headers {
		switch {
		case !httpguts.ValidHeaderFieldName(name):
			fault("%q can't be the name of a header", name)
		case Reserved(name):
			fault("the header %s is the gateway's own", name)
		case !httpguts.ValidHeaderFieldValue(value):
			fault("the header %s has a character that can't be sent", name)
		}
	}
	return errors.Join(faults...)
}

// Reserved says whether a header is the gateway's, or the connection's, so that no
// configuration may set it.
func Reserved(name string) bool {
	name = strings.ToLower(name)
	switch name {
	case "content-type", "content-length", "transfer-encoding", "connection", "host", "te", "trailer",
		"upgrade", "keep-alive", "proxy-connection", "expect", "accept-encoding", "traceparent", "tracestate", "user-agent":
		return true
	}
	return strings.HasPrefix(name, "webhook-") || strings.HasPrefix(name, "gatepost-")
}
