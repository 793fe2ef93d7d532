package api

import (
	"strconv"

	"gatepost/protocol"
)

// closeClient closes the client in the path; the body is its last words.
func (a *API) closeClient(c *call) error {
	id, err := c.clientID()
	if err != nil {
		return err
	}
	action := &protocol.Action{Verb: protocol.VerbClose, Target: protocol.Target{Clients: []string{id}}}
	if action.Code, err = c.params.closeCode(); err != nil {
		return err
	}
	if action.Reason, _, err = c.params.one("reason"); err != nil {
		return err
	}
	if err := protocol.CheckReason("reason", action.Reason); err != nil {
		return err
	}
	if action.Force, err = c.params.flag("force"); err != nil {
		return err
	}
	if action.Discard, err = c.params.flag("discard"); err != nil {
		return err
	}
	if len(c.body) > 0 {
		if action.Message, err = c.message(); err != nil {
			return err
		}
	}
	result, err := a.carryOut(c, action)
	if err != nil {
		return err
	}
	if closed, ok := result.(protocol.Closed); !ok || closed.Closed == 0 {
		return protocol.ClientGone(id)
	}
	return c.ok(struct {
		ClientID string `json:"client_id"`
		Closed   bool   `json:"closed"`
	}{id, true})
}

// closeCode is the parameter code, 1000 where it isn't given.
func (q query) closeCode() (int, error) {
	value, ok, err := q.one("code")
	if err != nil || !ok {
		return protocol.CloseNormal, err
	}
	code, err := strconv.ParseUint(value, 10, 32)
	if err != nil {
		return 0, protocol.BadField("code", "must be 1000 or a number from 4100 to 4999")
	}
	return protocol.ParseCloseCode("code", int64(code))
}

func (a *API) setUntil(c *call) error {
	id, err := c.clientID()
	if err != nil {
		return err
	}
	action, err := protocol.ParseUntil(id, c.body)
	if err != nil {
		return err
	}
	return a.do(c, action)
}
