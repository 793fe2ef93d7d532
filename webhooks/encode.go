package webhooks

import (
	"encoding/json"

	"gatepost/protocol"
)

// encode writes an event's JSON. It is done once for each event: the bytes are
// the same on every attempt, as the signature of an attempt may be all that a
// receiver keeps of it.
func encode(ev *protocol.Event) ([]byte, error) {
	size := usualEventBytes + len(ev.Data.Session)
	if ev.Data.Message != nil {
		size += len(ev.Data.Message.Payload) * 4 / 3
	}
	return protocol.AppendEvent(make([]byte, 0, size), ev)
}

// usualEventBytes is what an event's JSON takes, mostly, beside its message and
// session.
const usualEventBytes = 448

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
