package demo

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"sync"
	"time"
)

// maxBody bounds a webhook's body: well above the largest event of a client
// whose messages have at most 64 KiB.
const maxBody = 1 << 20

// maxRemembered is how many replies are kept for repeats.
const maxRemembered = 1024

// Verifier checks the signature of a webhook: its webhook-id, webhook-timestamp
// and webhook-signature headers and its body.
type Verifier interface {
	Verify(id, timestamp, signature string, body []byte, now time.Time) error
}

// backend receives the webhooks and answers them.
type backend struct {
	verifier Verifier
	chat     *chat
	publish  func(Exchange)

	mu     sync.Mutex // guards the following fields, and makes a repeat wait for the first
	done   map[string][]byte
	oldest []string // the ids in done, in the order in which they came
}

func (b *backend) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		w.Header().Set("Gatepost-Refuse", "1")
		http.Error(w, "webhooks are POSTed", http.StatusMethodNotAllowed)
		return
	}
	began := time.Now()
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		status := http.StatusBadRequest
		var tooLarge *http.MaxBytesError
		if errors.As(err, &tooLarge) {
			status = http.StatusRequestEntityTooLarge
			w.Header().Set("Gatepost-Refuse", "1")
		}
		http.Error(w, "the body can't be read", status)
		return
	}
	id := r.Header.Get("webhook-id")
	err = b.verifier.Verify(id, r.Header.Get("webhook-timestamp"), r.Header.Get("webhook-signature"), body, began)
	if err != nil {
		http.Error(w, "the signature is wrong", http.StatusUnauthorized)
		return
	}
	var e event
	if err := json.Unmarshal(body, &e); err != nil {
		http.Error(w, "the body is not an event", http.StatusBadRequest)
		return
	}
	answer, made := b.once(id, &e)
	b.publish(Exchange{
		At: began, Type: e.Type, ClientID: e.Data.ClientID, Attempt: r.Header.Get("gatepost-attempt"),
		Event: e.masked(body), Status: http.StatusOK, Reply: shownReply(answer),
		Took: time.Since(began), Verbs: verbs(made), said: e.text(),
	})
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(answer) // the gateway tries again where it can't be written
}

// once answers an event, and its repeats with the same answer: a webhook may
// come again whose first answer was lost. made is nil for a repeat.
func (b *backend) once(id string, e *event) (answer []byte, made *reply) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if answer, ok := b.done[id]; ok {
		return answer, nil
	}
	made = b.chat.answer(e)
	answer = encode(made)
	b.done[id] = answer
	if b.oldest = append(b.oldest, id); len(b.oldest) > maxRemembered {
		delete(b.done, b.oldest[0])
		b.oldest = b.oldest[1:]
	}
	return answer, made
}

func shownReply(answer []byte) json.RawMessage {
	if len(answer) > maxShown {
		return tooLargeToShow
	}
	return answer
}

func verbs(r *reply) []string {
	if r == nil {
		return []string{"repeated"}
	}
	names := []string{}
	if r.Session != nil {
		names = append(names, "session")
	}
	for _, a := range r.Actions {
		names = append(names, a.Action)
	}
	if r.Reply != nil {
		names = append(names, "reply")
	}
	return names
}

func (e *event) text() string {
	if e.Data.Message == nil || e.Data.Message.Text == nil {
		return ""
	}
	return *e.Data.Message.Text
}
