package powerloss

import (
	"bytes"
	"cmp"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"gatepost/test/harness"
)

// Told is a backend that knows when it was told of what, and when it answered that.
type Told struct {
	*harness.Backend
	away atomic.Bool // it answers 503 to messages and closes

	mu      sync.Mutex
	answers []answered // guarded by mu
}

// answered is an attempt, and how it was answered.
type answered struct {
	id, client, kind string // the event's id, client and type
	told, answered   time.Time
	status           int
}

// newTold starts a backend that takes all but clients that ask to be refused and
// messages that are bad.
func newTold(t *testing.T) *Told {
	b := &Told{}
	b.Backend = harness.NewBackend(t, func(d *harness.Delivery) harness.Answer {
		status := 200
		switch {
		case d.Event.Type == "connect" && d.Event.Data.Request.Query["refuse-me"] != "":
			status = 403
		case d.Event.Type == "connect":
		case b.away.Load():
			status = 503
		case d.Event.Text() == "bad":
			status = 400
		}
		b.mu.Lock()
		defer b.mu.Unlock()
		b.answers = append(b.answers, answered{d.Event.ID, d.Event.Data.ClientID, d.Event.Type, d.At, time.Now(), status})
		return harness.Status(status)
	})
	front := httptest.NewServer(http.HandlerFunc(b.whole))
	t.Cleanup(front.Close)
	b.URL = front.URL + "/hook"
	return b
}

// whole hands a request on once it is there as a whole: one that a power cut broke off
// has told nothing.
func (b *Told) whole(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	b.ServeHTTP(w, r)
}

// fate is what a backend knows of one event: when it was told of it first, and
// when it answered for good, if it has.
type fate struct {
	answered
	final bool
}

// between is what the backend was told of after one moment and up to another, event by
// event, in the order in which it was told. An answer counts if it was given up to
// then.
func (b *Told) between(after, upTo time.Time) []*fate {
	b.mu.Lock()
	defer b.mu.Unlock()
	found := map[string]*fate{}
	for _, a := range b.answers {
		if !a.told.After(after) || a.told.After(upTo) {
			continue
		}
		f := found[a.id]
		if f == nil {
			f = &fate{answered: a}
			found[a.id] = f
		}
		if a.told.Before(f.told) {
			f.told = a.told
		}
		if !a.answered.After(upTo) && a.status < 500 && !f.final {
			f.final, f.status, f.answered.answered = true, a.status, a.answered
		}
	}
	fates := make([]*fate, 0, len(found))
	for _, f := range found {
		fates = append(fates, f)
	}
	slices.SortFunc(fates, func(a, b *fate) int { return cmp.Or(a.told.Compare(b.told), cmp.Compare(a.id, b.id)) })
	return fates
}

// connects is how many clients the backend has been told of.
func (b *Told) connects() int { return len(b.Received(harness.Of("connect", ""))) }
