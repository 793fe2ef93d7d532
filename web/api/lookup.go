package api

import "gatepost/protocol"

// lookup answers many names at once: it is what batchGet… and is…Online need.
func (a *API) lookup(c *call) error {
	wanted, err := protocol.ParseLookup(c.body)
	if err != nil {
		return err
	}
	found, err := a.Gateway.Lookup(c.Request().Context(), wanted)
	if err != nil {
		return err
	}
	return c.ok(found)
}

func (a *API) stats(c *call) error {
	stats, err := a.Gateway.Stats(c.Request().Context())
	if err != nil {
		return err
	}
	return c.ok(stats)
}

func (a *API) metrics(c *call) error {
	a.Metrics.ServeHTTP(c.Response(), c.Request())
	return nil
}
