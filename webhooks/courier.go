package webhooks

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"io"
	"maps"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"sync/atomic"
	"time"

	"gatepost/protocol"
)

const (
	// idleFor is how long a connection is kept for the next attempt. Shorter than
	// the common servers' own limit, as an attempt that meets a server's hang-up
	// fails.
	idleFor = 30 * time.Second
	// shortestPing is the least time that an HTTP/2 backend has to answer a ping: what it
	// has else is a quarter of the time-out.
	shortestPing = 250 * time.Millisecond
	// maxHeaderBytes bounds the head of an answer.
	maxHeaderBytes = 256 << 10
	// batchBuffer is what a connection writes at once where batches are allowed: what
	// doesn't fit goes through a buffer of its own, which net/http makes for each.
	batchBuffer = 32 << 10
)

// courier makes single attempts at one endpoint: signed, bounded, and judged by
// nobody.
type courier struct {
	blank     *http.Request // without context, header and body
	shown     string        // the URL without credentials and query
	header    http.Header
	signer    Signer
	transport *http.Transport
	fresh     *http.Transport // opens a connection for each request, and keeps none
	spare     chan struct{}   // a token for each connect that is sent a second time, see hedge
	slowUntil atomic.Int64    // unix milliseconds; until then connects count as slow, see hedge
}

// answer is how an attempt ended.
type answer struct {
	status   int         // 0: there was none
	header   http.Header // nil without a status
	body     []byte
	fault    string // why there is no answer, or none that counts, in words that are safe to show
	timeout  bool   // no answer in time
	oversize bool   // more than what is read of a reply
	written  bool   // bytes of the attempt may have left the process
	earlier  bool   // so may those of an earlier sending, which was answered by nothing or by no 4xx
	resent   string // why it was sent twice, one of resent…; "": it wasn't
	at       time.Time
	took     time.Duration
}

// Why a request is sent twice in one attempt.
const (
	resentClosed = "closed" // a kept connection was closed before the first byte of an answer
	resentSilent = "silent" // a kept connection said nothing, see hedge
)

// newCourier expects a checked endpoint. dial is how its connections are made;
// nil: over the network.
func newCourier(e Endpoint, version string, dial dialFunc, fence Fence) *courier {
	u, err := url.Parse(e.URL)
	if err != nil {
		panic("webhooks: the endpoint was not checked") // unreachable: check has parsed it
	}
	if dial == nil {
		dial = (&net.Dialer{Timeout: e.Timeout, KeepAlive: idleFor / 2}).DialContext
	}
	header := baseHeader(e.Headers, version)
	if u.User != nil && header.Get("Authorization") == "" {
		password, _ := u.User.Password()
		header.Set("Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(u.User.Username()+":"+password)))
	}
	blank, err := http.NewRequestWithContext(context.Background(), http.MethodPost, e.URL, nil)
	if err != nil {
		panic("webhooks: the endpoint was not checked")
	}
	conns := newConns(dial, fence)
	c := &courier{
		blank: blank, shown: shownURL(u), signer: e.Signer, header: header,
		transport: newTransport(e, conns.dial), fresh: newTransport(e, conns.dial),
		spare: make(chan struct{}, max(1, e.Concurrency/4)),
	}
	c.fresh.DisableKeepAlives = true
	return c
}

func newTransport(e Endpoint, dial dialFunc) *http.Transport {
	buffer := 0 // net/http's own choice
	if e.Batch > 1 {
		buffer = batchBuffer
	}
	ping := max(e.Timeout/4, shortestPing)
	return &http.Transport{
		Proxy:                  nil, // nothing of the environment decides where events go
		DialContext:            dial,
		TLSHandshakeTimeout:    e.Timeout,
		ForceAttemptHTTP2:      true,
		HTTP2:                  &http.HTTP2Config{SendPingTimeout: ping, PingTimeout: ping},
		MaxIdleConnsPerHost:    e.Concurrency,
		IdleConnTimeout:        idleFor,
		MaxResponseHeaderBytes: maxHeaderBytes,
		WriteBufferSize:        buffer,
		DisableCompression:     true, // the limit on a reply is what comes over the wire
	}
}

// shownURL is what logs and answers show of an endpoint's URL.
func shownURL(u *url.URL) string {
	return (&url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path}).String()
}

func baseHeader(configured map[string]string, version string) http.Header {
	h := make(http.Header, len(configured)+8)
	for name, value := range configured {
		h.Set(name, value)
	}
	if version == "" {
		version = "dev"
	}
	h.Set("Content-Type", "application/json")
	h.Set("User-Agent", "gatepost/"+version)
	return h
}

// seal gives the headers of the n-th attempt at a parcel, which begins now. They are new
// ones each time: the last attempt's connection may still be writing the old.
func (c *courier) seal(p *parcel, n int) http.Header {
	now := time.Now()
	h := maps.Clone(c.header) // the values are shared: nobody appends to them
	values := [...]string{p.id, strconv.FormatInt(now.Unix(), 10), c.signer.Sign(p.id, now, p.body),
		p.label(), strconv.Itoa(n), traceparent(p.trace)}
	for i, name := range [...]string{"Webhook-Id", "Webhook-Timestamp", "Webhook-Signature", "Gatepost-Event", "Gatepost-Attempt", "Traceparent"} {
		h[name] = values[i : i+1 : i+1]
	}
	return h
}

// attempt sends a request under this header and reads its answer, within timeout.
// Nothing but the end of life cuts it short. hedged: see hedge.
func (c *courier) attempt(life context.Context, req *http.Request, header http.Header, timeout time.Duration, hedged bool) *answer {
	ctx, cancel := context.WithTimeout(life, timeout)
	defer cancel()
	at := time.Now()
	send := c.send
	if hedged {
		send = c.hedge
	}
	a, err := send(ctx, req, header, &wire{})
	a.at, a.took = at, time.Since(at)
	if err != nil {
		a.fault, a.timeout = describe(err, ctx, life, timeout)
		a.oversize = errors.Is(err, errTooLarge)
	}
	return a
}

// send sends a request, and again at once where a kept connection turns out to be closed.
// The context of req is left out: its end must not cut the attempt short.
func (c *courier) send(ctx context.Context, req *http.Request, header http.Header, w *wire) (*answer, error) {
	req = req.WithContext(w.watch(ctx))
	req.Header = header
	a, err := c.exchange(c.transport, req, w)
	if err == nil || !w.hungUp(err) || ctx.Err() != nil {
		return a, err
	}
	earlier := a.owes()
	req.Body, _ = req.GetBody() // of bytes: it can't fail
	a, err = c.exchange(c.fresh, req, w)
	a.earlier, a.resent = earlier, resentClosed
	return a, err
}

// exchange sends a request over one connection and reads its answer.
func (c *courier) exchange(over *http.Transport, req *http.Request, w *wire) (*answer, error) {
	a := &answer{}
	resp, err := over.RoundTrip(req)
	if err == nil {
		a.status, a.header = resp.StatusCode, resp.Header
		a.body, err = readBody(resp)
	}
	if errors.Is(req.Context().Err(), context.DeadlineExceeded) {
		w.giveUp()
	}
	a.written = w.done() || a.status != 0
	return a, err
}

// owes says whether the backend may have acted on the attempt: see protocol.Outcome.OwesClose.
func (a *answer) owes() bool { return a.earlier || a.written && (a.status < 400 || a.status > 499) }

var errTooLarge = errors.New("reply too large")

// readBody reads a 2xx to its end, which is what the answer consists of. Of
// another status only as much is read as a client may be shown, and a little
// more to keep the connection: the status has said it all, however the rest
// comes.
func readBody(resp *http.Response) ([]byte, error) {
	defer resp.Body.Close()
	switch {
	case resp.StatusCode == http.StatusSwitchingProtocols:
		return nil, nil // its body is the bare connection
	case resp.StatusCode < 200 || resp.StatusCode > 299:
		body, _ := io.ReadAll(io.LimitReader(resp.Body, 2*protocol.MaxRefusalBytes))
		_, _ = io.CopyN(io.Discard, resp.Body, 64<<10)
		return body, nil
	case resp.ContentLength > protocol.MaxReplyBytes:
		return nil, errTooLarge
	}
	var b bytes.Buffer
	if resp.ContentLength > 0 {
		b.Grow(int(resp.ContentLength) + bytes.MinRead)
	}
	n, err := b.ReadFrom(io.LimitReader(resp.Body, protocol.MaxReplyBytes+1))
	if err == nil && n > protocol.MaxReplyBytes {
		err = errTooLarge
	}
	return b.Bytes(), err
}
