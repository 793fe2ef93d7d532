package jetstream

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"gatepost/store"
)

// link is a connection to the server that has the stream.
type link struct {
	nc     *nats.Conn
	js     jetstream.JetStream
	stream string
	api    string // subject of direct reads

	// For publish, of which there is one at a time.
	inbox string
	acks  chan *nats.Msg
	tries uint64
}

const (
	subjectRoot = "gatepost.store."
	streamRoot  = "GATEPOST_STORE_"
	// apiTimeout is for calls that move no data.
	apiTimeout = 5 * time.Second
)

var (
	errNoMessage = errors.New("no such message")
)

// tag makes of a node's name what may stand in a subject and a stream's name,
// different for different names.
func tag(node string) string {
	clean := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' {
			return r
		}
		return -1
	}, node)
	if clean == node && node != "" && len(node) <= 64 {
		return node
	}
	sum := sha256.Sum256([]byte(node))
	return clean[:min(len(clean), 32)] + hex.EncodeToString(sum[:6])
}

func newLink(nc *nats.Conn, tag string) (*link, error) {
	js, err := jetstream.New(nc)
	if err != nil {
		return nil, err
	}
	l := &link{nc: nc, js: js, stream: streamRoot + tag, api: "$JS.API.DIRECT.GET." + streamRoot + tag,
		inbox: nc.NewInbox(), acks: make(chan *nats.Msg, 16)}
	if _, err := nc.ChanSubscribe(l.inbox+".*", l.acks); err != nil {
		return nil, err
	}
	return l, nil
}

func (l *link) subject() string { return subjectRoot + strings.TrimPrefix(l.stream, streamRoot) }

// state asks how far the stream goes.
func (l *link) state(ctx context.Context) (jetstream.StreamState, error) {
	ctx, cancel := context.WithTimeout(ctx, apiTimeout)
	defer cancel()
	s, err := l.js.Stream(ctx, l.stream)
	if err != nil {
		return jetstream.StreamState{}, err
	}
	return s.CachedInfo().State, nil
}

// publish appends a message behind the one with sequence number last, or
// fails; also when gone says why no answer will come. One at a time.
func (l *link) publish(ctx context.Context, data []byte, last uint64, gone <-chan string) (uint64, error) {
	l.tries++
	reply := l.inbox + "." + strconv.FormatUint(l.tries, 10)
	m := &nats.Msg{Subject: l.subject(), Reply: reply, Data: data,
		Header: nats.Header{jetstream.ExpectedLastSeqHeader: {strconv.FormatUint(last, 10)}}}
	if err := l.nc.PublishMsg(m); err != nil {
		return 0, err
	}
	for {
		select {
		case answer := <-l.acks:
			if answer.Subject == reply {
				return acknowledged(answer, last)
			}
		case why := <-gone:
			return 0, fmt.Errorf("%w: %s", store.ErrUnavailable, why)
		case <-ctx.Done():
			return 0, fmt.Errorf("JetStream doesn't acknowledge: %w", ctx.Err())
		}
	}
}

// acknowledged reads the answer to a publish.
func acknowledged(answer *nats.Msg, last uint64) (uint64, error) {
	if status := answer.Header.Get("Status"); status != "" {
		return 0, fmt.Errorf("JetStream isn't there (%s)", status)
	}
	var ack struct {
		Seq   uint64              `json:"seq"`
		Error *jetstream.APIError `json:"error"`
	}
	if err := json.Unmarshal(answer.Data, &ack); err != nil {
		return 0, fmt.Errorf("acknowledgement: %w", err)
	}
	switch {
	case ack.Error == nil && ack.Seq == last+1:
		return ack.Seq, nil
	case ack.Error == nil:
		return 0, fmt.Errorf("acknowledged as %d, not as %d", ack.Seq, last+1)
	case strings.Contains(ack.Error.Description, "maximum bytes exceeded"):
		return 0, errBound
	}
	return 0, ack.Error
}

// message reads one message; errNoMessage if it isn't there or is damaged.
func (l *link) message(ctx context.Context, seq uint64) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, apiTimeout)
	defer cancel()
	m, err := l.nc.RequestWithContext(ctx, l.api, fmt.Appendf(nil, `{"seq":%d}`, seq))
	if err != nil {
		return nil, err
	}
	switch m.Header.Get("Status") {
	case "":
		return m.Data, nil
	case "404":
		return nil, errNoMessage
	}
	return nil, fmt.Errorf("NATS answers a read with %s", m.Header.Get("Status"))
}

// read calls fn for each message from seq on, up to about 4 MiB of them or one, in
// order, stepping over what isn't there. It returns how many it read: 0 if the
// first one it came upon can't be.
func (l *link) read(ctx context.Context, seq uint64, fn func(seq uint64, data []byte)) (n int, err error) {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	inbox := l.nc.NewInbox()
	sub, err := l.nc.SubscribeSync(inbox)
	if err != nil {
		return 0, err
	}
	defer func() { _ = sub.Unsubscribe() }()
	if err := sub.SetPendingLimits(-1, -1); err != nil {
		return 0, err
	}
	if err := l.nc.PublishRequest(l.api, inbox, fmt.Appendf(nil, `{"seq":%d,"batch":4096,"max_bytes":%d}`, seq, 4<<20+payload)); err != nil {
		return 0, err
	}
	for {
		m, err := sub.NextMsgWithContext(ctx)
		if err != nil {
			return n, err
		}
		switch m.Header.Get("Status") {
		case "":
		case "204", "404":
			return n, nil
		default:
			return n, fmt.Errorf("NATS answers a read with %s", m.Header.Get("Status"))
		}
		at, err := strconv.ParseUint(m.Header.Get(jetstream.SequenceHeader), 10, 64)
		if err != nil {
			return n, fmt.Errorf("a message without a sequence number: %w", err)
		}
		n++
		fn(at, m.Data)
	}
}

// purge removes the messages below seq.
func (l *link) purge(ctx context.Context, seq uint64) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	s, err := l.js.Stream(ctx, l.stream)
	if err != nil {
		return err
	}
	return s.Purge(ctx, jetstream.WithPurgeSequence(seq))
}
