package webhooks

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"github.com/hashicorp/go-retryablehttp"

	"gatepost/protocol"
)

// newClient makes the endpoint's retry loop. What the library does by itself is
// replaced or switched off wherever it would break a promise:
//
//   - its policy, its backoff (Retry-After uncapped) and its log lines (whole
//     URLs);
//   - net/http's client follows redirects: attempts answers without Location, so
//     there is nothing to follow;
//   - at every give-up it closes the idle connections of its client: attempts has
//     no method for that;
//   - it knows nothing of connections that died without a word, and would use them again
//     after a time-out: courier drops them;
//   - it judges an answer before its body was read: attempts reads it, so that the
//     attempt's time and the ruling cover the body.
func (e *endpoint) newClient() *retryablehttp.Client {
	return &retryablehttp.Client{
		HTTPClient:   &http.Client{Transport: attempts{e}},
		RetryMax:     quickTries - 1,
		CheckRetry:   checkRetry,
		Backoff:      backoff,
		PrepareRetry: e.prepare,
		ErrorHandler: retryablehttp.PassthroughErrorHandler,
	}
}

func checkRetry(ctx context.Context, _ *http.Response, _ error) (bool, error) {
	return jobOf(ctx).wantsAnother(time.Now()), nil
}

// send makes the attempts at a job that has its first slot.
func (e *endpoint) send(j *job) {
	defer e.leave(j, unknown, silent) // attempts has done so, unless it was never reached
	req := &retryablehttp.Request{Request: e.courier.blank.WithContext(j.run.span)}
	if err := req.SetBody(j.body); err != nil {
		j.run.stopped = err
		return
	}
	j.past.tries++
	j.run.cut = false
	resp, err := e.client.Do(req)
	if resp != nil {
		_ = resp.Body.Close() // empty: attempts has read it
	}
	if err != nil && j.run.stopped == nil && j.past.ruling == again && j.past.tries < j.run.most {
		j.run.stopped = j.run.span.cause() // while it waited for the next try
	}
}

// prepare is called before each try but the first. The next slot is waited for here.
func (e *endpoint) prepare(req *http.Request) error {
	j := jobOf(req.Context())
	if !e.take(j.run.span, j) {
		return j.run.stopped
	}
	j.past.tries++
	return nil
}

// attempts is the transport under the retry loop: each of its round trips is one
// whole attempt, from a slot that is held to a ruling and the slot's return. It is
// signed here, as late as can be: receivers take no signature that is older than five
// minutes.
type attempts struct{ *endpoint }

// RoundTrip gives an answer without body and with no header but Retry-After; the
// job has the rest.
func (e attempts) RoundTrip(req *http.Request) (*http.Response, error) {
	j := jobOf(req.Context())
	timeout := e.Timeout
	if !j.terms.deadline.IsZero() {
		timeout = min(timeout, time.Until(j.terms.deadline))
	}
	term := e.lease.under(e.life)
	n := j.past.attempt()
	hedged := j.isConnect() && n == 1 // what follows is no more a guess: something has answered
	a := e.courier.attempt(term, req, e.courier.seal(&j.parcel, n), timeout, hedged)
	if a.fault != "" && !e.lease.holds(term) && e.life.Err() == nil {
		e.leave(j, unknown, silent)
		j.cutOff(a)
		return nil, attemptError(a.fault)
	}
	how, says := e.weigh(j, a, timeout)
	e.leave(j, how, says)
	e.judge(j, a)
	_, j.plan.heard = e.waitingRoom.listen()
	if j.past.ruling == again {
		a.body = nil // up to 1 MiB, for as long as the event waits
	}
	if a.status == 0 {
		return nil, attemptError(a.fault)
	}
	resp := &http.Response{StatusCode: a.status, Header: http.Header{}, Body: http.NoBody, Request: req}
	if _, asked := a.retryAfter(time.Now()); asked {
		resp.Header.Set("Retry-After", a.header.Get("Retry-After"))
	}
	return resp, nil
}

// weigh is what the end of an attempt that had so long says of the backend: of its load,
// and whether it is there.
func (e *endpoint) weigh(j *job, a *answer, timeout time.Duration) (how load, says sign) {
	how, says = a.load(), a.sign(j)
	switch {
	case how == late && timeout < e.Timeout/2:
		how, says = unknown, silent // it was cut short, for it began late
	case j.isConnect() && a.status == http.StatusTooManyRequests:
		how = eased // as every 4xx it is a verdict on this client
	case how == overloaded && j.past.attempt() > 1:
		how = unknown // the first attempt has told already
	}
	return how, says
}

// attemptError is a failed attempt as retryablehttp sees it.
type attemptError string

func (e attemptError) Error() string { return string(e) }

// judge takes the answer to a job's attempt in.
func (e *endpoint) judge(j *job, a *answer) {
	if j.ev == nil {
		j.ended(a, batchRuling(a))
	} else {
		e.judgeEvent(j, a)
	}
	e.seen.attempt(e.Name, j.label(), a)
	if j.past.ruling == accepted {
		return
	}
	e.failed.Add(1)
	attrs := []slog.Attr{slog.String("endpoint", e.Name), slog.String("url", e.courier.shown),
		slog.String("event", j.label()), slog.String("id", j.id), slog.Int("attempt", j.past.attempt())}
	if j.past.ruling == refused { // an answer like any other, unless it is a misconfiguration's
		e.refusing.say("the backend refused a connect", append(attrs, a.told()...)...)
		return
	}
	e.failing.say("a webhook attempt failed", append(attrs, a.told()...)...)
}

// told is what a log line says of an answer that was no success. Nothing of the
// body: error pages show the request, cookies and all.
func (a *answer) told() []slog.Attr {
	attrs := []slog.Attr{slog.Int("status", a.status)}
	if a.fault != "" {
		attrs = append(attrs, slog.String("error", a.fault))
	}
	if hint := a.statusHint(); hint != "" {
		attrs = append(attrs, slog.String("hint", hint))
	}
	return attrs
}

func (e *endpoint) judgeEvent(j *job, a *answer) {
	if a.status < 200 || a.status > 299 || a.fault != "" {
		j.ended(a, rule(j.ev.Type, a, false))
		return
	}
	reply, err := a.read(j.ev)
	if err != nil && j.isConnect() {
		a.fault = "the reply can't be read: " + hint(a)
	}
	j.ended(a, rule(j.ev.Type, a, err == nil))
	if err != nil {
		e.unreadable(j.label(), j.id, a, err)
		reply = &protocol.Reply{}
	} else {
		e.unknownFields(&j.parcel, reply.Unknown)
	}
	j.past.reply = reply
}
