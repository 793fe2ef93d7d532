package webhooks

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"time"

	"gatepost/protocol"
)

// Exchange is one attempt as it went over the wire, for people to look at. The
// values of headers that carry credentials are struck out.
type Exchange struct {
	Method        string
	URL           string // without credentials and query
	RequestHeader http.Header
	RequestBody   []byte

	// Status is 0 where no answer came; Fault says why.
	Status         int
	ResponseHeader http.Header
	ResponseBody   []byte // of a 2xx at most protocol.MaxReplyBytes, else 2 KiB
	Took           time.Duration

	// Accepted says that the event would count as delivered.
	Accepted bool
	// Reply is what would be carried out; nil where nothing of it counts.
	Reply *protocol.Reply
	// Fault says in words what is wrong with the answer, empty where nothing is.
	Fault string
	// Hint is what mostly lies behind such an answer, or empty.
	Hint string
	// Outlook is what a node would do with the event after such an answer.
	Outlook Outlook
}

// Outlook is what becomes of an event after an answer.
type Outlook int

// The outlooks.
const (
	Decided     Outlook = iota // nothing more: it is delivered, or a connect is refused, or an event is a dead letter at once
	TriedSoon                  // the quick tries; then a connect is refused with 503, and an event a dead letter
	TriedLong                  // the quick tries and those from the outbox
	TriedAWhile                // as TriedLong, but for ten minutes: the handler may not have been reached
)

// Preview sends ev to e once, signed, and shows what went both ways. It returns
// an error only where nothing could be sent: the endpoint or event is at fault,
// or ctx was over. The end of ctx cuts the attempt short.
func Preview(ctx context.Context, e Endpoint, ev *protocol.Event) (*Exchange, error) {
	if err := e.check(); err != nil {
		return nil, err
	}
	body, err := encode(ev)
	if err != nil {
		return nil, fmt.Errorf("encode the event: %w", err)
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	e = e.withDefaults()
	c := newCourier(e, "trigger", nil, nil)
	defer c.transport.CloseIdleConnections()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, e.URL, bytes.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("the URL of endpoint %q can't be used", e.Name)
	}
	req.Header = c.seal(&parcel{ev: ev, id: ev.ID, body: body, trace: traceOr("")}, 1)
	a := c.attempt(ctx, req, req.Header, e.Timeout, false)
	x := &Exchange{Method: req.Method, URL: c.shown, RequestHeader: shownHeader(req.Header), RequestBody: body,
		Status: a.status, ResponseHeader: shownHeader(a.header), ResponseBody: a.body, Took: a.took, Fault: a.fault}
	x.judge(ev, a)
	return x, nil
}

func (x *Exchange) judge(ev *protocol.Event, a *answer) {
	x.Hint, x.Outlook = a.statusHint(), a.outlook(ev)
	success := a.status >= 200 && a.status <= 299 && a.fault == ""
	if !success {
		if x.Fault == "" {
			x.Fault = fmt.Sprintf("answered %d; a 2xx is expected", a.status)
		}
		return
	}
	reply, err := a.read(ev)
	x.Accepted = rule(ev.Type, a, err == nil) == accepted
	if err != nil {
		x.Fault = fmt.Sprintf("the reply can't be read (%s): %s", err, hint(a))
		return
	}
	x.Reply = reply
}

// outlook is what becomes of ev if it is answered so again and again.
func (a *answer) outlook(ev *protocol.Event) Outlook {
	_, err := a.read(ev)
	j := newJob(parcel{ev: ev})
	j.ended(a, rule(ev.Type, a, err == nil))
	switch {
	case a.unhandled():
		return TriedAWhile
	case j.past.ruling != again:
		return Decided
	case j.mayWait():
		return TriedLong
	}
	return TriedSoon
}

// shownHeader strikes out what opens doors. The signature stays: it is good for
// this one event only.
func shownHeader(h http.Header) http.Header {
	shown := h.Clone()
	for _, name := range []string{"Authorization", "Proxy-Authorization", "Cookie", "Set-Cookie", "X-Api-Key"} {
		if shown.Get(name) != "" {
			shown.Set(name, struckOut)
		}
	}
	return shown
}
