package webhooks

import (
	"bytes"
	"encoding/json"

	"gatepost/protocol"
)

// encode writes an event's JSON. It is done once for each event: the bytes are
// the same on every attempt, as the signature of an attempt may be all that a
// receiver keeps of it.
func encode(ev *protocol.Event) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(ev); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

// masked is the event's JSON with the values of its cookies struck out, for
// people to look at.
func masked(ev *protocol.Event) ([]byte, error) {
	if ev.Data.Request == nil || len(ev.Data.Request.Cookies) == 0 {
		return encode(ev)
	}
	shown, request := *ev, *ev.Data.Request
	request.Cookies = make(map[string]string, len(ev.Data.Request.Cookies))
	for name := range ev.Data.Request.Cookies {
		request.Cookies[name] = struckOut
	}
	shown.Data.Request = &request
	return encode(&shown)
}

// struckOut stands where a secret was.
const struckOut = "***"
