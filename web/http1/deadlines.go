package http1

import "time"

// slack is how much later than after limit a deadline may be, so that it needn't be
// set anew for each request.
func slack(limit time.Duration) time.Duration { return min(limit/8, time.Second) }

// readWithin has reading end after limit, or a little later.
func (c *conn) readWithin(limit time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.due = time.Time{}
	c.readBy = extend(c.readBy, limit, c.raw.SetReadDeadline)
}

// readOnWithin has reading end limit after begun if it has to wait at all; zero: never.
func (c *conn) readOnWithin(limit time.Duration, begun time.Time) {
	if limit == 0 {
		_ = c.readUntil(time.Time{}) // fails only on a closed connection, which the next read finds
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.due = begun.Add(limit)
}

// readUntil has reading end then; the zero time: never.
func (c *conn) readUntil(t time.Time) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.setRead(t)
}

// arm sets the deadline that is due: now somebody waits.
func (c *conn) arm() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.due.IsZero() {
		return nil
	}
	return c.setRead(c.due)
}

// setRead needs c.mu.
func (c *conn) setRead(t time.Time) error {
	c.due, c.readBy = time.Time{}, t
	return c.raw.SetReadDeadline(t)
}

// writeWithin has writing end after limit, or a little later, unless the handler has
// said when.
func (c *conn) writeWithin(limit time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.ownWrite {
		c.writeBy = extend(c.writeBy, limit, c.raw.SetWriteDeadline)
	}
}

// writeUntil has writing end then, for the handler; the zero time: never.
func (c *conn) writeUntil(t time.Time) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ownWrite, c.writeBy = true, t
	return c.raw.SetWriteDeadline(t)
}

// disown has writing end within the server's time-outs again.
func (c *conn) disown() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ownWrite = false
}

// extend gives the deadline for a limit that begins now: the one that is set, if that
// is near enough.
func extend(current time.Time, limit time.Duration, set func(time.Time) error) time.Time {
	var next time.Time
	if limit > 0 {
		now := time.Now()
		if left := current.Sub(now); left >= limit && left <= limit+slack(limit) {
			return current
		}
		next = now.Add(limit + slack(limit))
	} else if current.IsZero() {
		return current
	}
	_ = set(next) // fails only on a closed connection, which whoever reads or writes finds
	return next
}
