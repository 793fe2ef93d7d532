package demo

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

// Exchange is one webhook that the backend received, and its answer.
type Exchange struct {
	At       time.Time       `json:"at"`
	Type     string          `json:"type"`
	ClientID string          `json:"client_id"`
	Attempt  string          `json:"attempt"`
	Event    json.RawMessage `json:"event"` // cookies masked
	Status   int             `json:"status"`
	Reply    json.RawMessage `json:"reply"`
	Took     time.Duration   `json:"took_ns"`
	Verbs    []string        `json:"verbs"` // the actions asked for
	said     string
}

// String is the exchange in one line for a terminal. What came from a client is
// quoted, so that no escape sequence of theirs reaches it.
func (x Exchange) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s  %-8s%s", x.At.Local().Format("15:04:05"), x.Type, shortID(x.ClientID))
	if x.said != "" {
		fmt.Fprintf(&b, "  %s", abridged(x.said, 60))
	}
	fmt.Fprintf(&b, "  ->  %d", x.Status)
	if len(x.Verbs) > 0 {
		fmt.Fprintf(&b, "  %s", strings.Join(x.Verbs, ", "))
	}
	return b.String()
}

// shortID is the random half of a client id: the first half is its node's.
func shortID(id string) string {
	const node, shown = 8, 8
	if len(id) < node+shown {
		return id
	}
	return "…" + id[node:node+shown]
}

// abridged is s quoted, at most n characters of it.
func abridged(s string, n int) string {
	runes := []rune(s)
	if len(runes) > n {
		runes = append(runes[:n], '…')
	}
	return fmt.Sprintf("%+q", string(runes))
}
