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

// masked is an event's JSON with the values of its cookies struck out, for people
// to look at.
func masked(body []byte) ([]byte, error) {
	var ev protocol.Event
	if err := json.Unmarshal(body, &ev); err != nil {
		return nil, err
	}
	if ev.Data.Request == nil || len(ev.Data.Request.Cookies) == 0 {
		return body, nil
	}
	for name := range ev.Data.Request.Cookies {
		ev.Data.Request.Cookies[name] = struckOut
	}
	return encode(&ev)
}

// struckOut stands where a secret was.
const struckOut = "***"
