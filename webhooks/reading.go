package webhooks

import (
	"bytes"

	"gatepost/protocol"
)

// maxHintBytes is how much of an unreadable reply a log line shows.
const maxHintBytes = 200

// read reads the reply in a 2xx. An error is why nothing of it counts.
func (a *answer) read(ev *protocol.Event) (*protocol.Reply, error) {
	return protocol.ParseReply(ev.Type, ev.Data.ClientID, a.body)
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
