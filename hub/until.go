package hub

import "time"

// SetUntil says when the client is closed with 4001, in unix seconds; nil: never.
// A moment that has passed closes it now. A closing client isn't touched.
func (c *Client) SetUntil(at *int64) {
	c.mu.Lock()
	if c.is(closing) {
		c.mu.Unlock()
		return
	}
	c.stopUntil()
	over := at != nil && *at <= time.Now().Unix()
	if at != nil && !over {
		c.watchUntil(*at)
	}
	c.mu.Unlock()
	if over {
		c.Close(causeUntil, nil, false)
	}
}

// untilWatch waits for the moment at, in unix seconds.
type untilWatch struct {
	at    int64
	timer *time.Timer
}

// watchUntil needs mu. A timer runs by another clock than the wall's, which may be
// set meanwhile, so the wall's is looked at again.
func (c *Client) watchUntil(at int64) {
	const farthest = 24 * time.Hour // longer waits go step by step
	wait := farthest
	if seconds := at - time.Now().Unix(); seconds < int64(farthest/time.Second) {
		wait = time.Until(time.Unix(at, 0))
	}
	watch := &untilWatch{at: at}
	watch.timer = time.AfterFunc(wait, func() { c.untilPassed(watch) })
	c.until = watch
}

func (c *Client) untilPassed(watch *untilWatch) {
	c.mu.Lock()
	if c.until != watch { // another moment was set while this one came
		c.mu.Unlock()
		return
	}
	over := watch.at <= time.Now().Unix()
	if !over {
		c.watchUntil(watch.at)
	}
	c.mu.Unlock()
	if over {
		c.Close(causeUntil, nil, false)
	}
}

// stopUntil needs mu.
func (c *Client) stopUntil() {
	if c.until != nil {
		c.until.timer.Stop()
		c.until = nil
	}
}
