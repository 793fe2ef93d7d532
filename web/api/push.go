package api

import (
	"slices"

	"gatepost/protocol"
)

// act does the call whose body is an action without "action".
func (a *API) act(verb protocol.Verb) func(*call) error {
	return func(c *call) error {
		action, err := protocol.ParseActionBody(c.body, protocol.Defaults{Verb: verb})
		if err != nil {
			return err
		}
		return a.do(c, action)
	}
}

// do carries out an action that the token allows, and answers what it did.
func (a *API) do(c *call, action *protocol.Action) error {
	result, err := a.carryOut(c, action)
	if err != nil {
		return err
	}
	return c.ok(result)
}

func (a *API) carryOut(c *call, action *protocol.Action) (protocol.Result, error) {
	if err := c.permit(action); err != nil {
		return nil, err
	}
	if err := a.checkSize(action); err != nil {
		return nil, err
	}
	return a.Gateway.Do(c.Request().Context(), action)
}

// checkSize says whether the action's message may be pushed.
func (a *API) checkSize(action *protocol.Action) error {
	if action.Message != nil && len(action.Message.Payload) > a.cfg.MaxPush {
		return protocol.TooLarge("message", a.cfg.MaxPush)
	}
	return nil
}

// message is the body as what is pushed: bytes for application/octet-stream, text
// for everything else.
func (c *call) message() (*protocol.Message, error) {
	if c.binary {
		return &protocol.Message{Binary: true, Payload: c.body}, nil
	}
	return protocol.TextMessage("body", c.body)
}

// send is the action of a push to a target that the path names.
func (c *call) send(t protocol.Target) (*protocol.Action, error) {
	message, err := c.message()
	if err != nil {
		return nil, err
	}
	except, err := c.params.all("except_client", protocol.CheckClientID)
	return &protocol.Action{Verb: protocol.VerbSend, Target: t,
		Except: protocol.Target{Clients: except}, Message: message}, err
}

func (a *API) pushTo(c *call, t protocol.Target) error {
	action, err := c.send(t)
	if err != nil {
		return err
	}
	return a.do(c, action)
}

func (a *API) pushAll(c *call) error { return a.pushTo(c, protocol.Target{All: true}) }

func (a *API) pushUID(c *call) error {
	uid, err := c.name("uid")
	if err != nil {
		return err
	}
	return a.pushTo(c, protocol.Target{UIDs: []string{uid}})
}

func (a *API) pushGroup(c *call) error {
	group, err := c.name("group")
	if err != nil {
		return err
	}
	return a.pushTo(c, protocol.Target{Groups: []string{group}})
}

// pushClient is the only push that misses a client it can't find: the others are
// for whoever is there.
func (a *API) pushClient(c *call) error {
	id, err := c.clientID()
	if err != nil {
		return err
	}
	action, err := c.send(protocol.Target{Clients: []string{id}})
	if err != nil {
		return err
	}
	result, err := a.carryOut(c, action)
	if err != nil {
		return err
	}
	if pushed, ok := result.(protocol.Pushed); ok && pushed.Matched == 0 && !slices.Contains(action.Except.Clients, id) {
		return protocol.ClientGone(id)
	}
	return c.ok(result)
}
