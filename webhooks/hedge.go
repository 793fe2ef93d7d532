package webhooks

import (
	"context"
	"net/http"
	"time"
)

// slowFor is how long a backend counts as slow since a connect took more than half of its
// time.
const slowFor = 5 * time.Minute

// hedge is send for a connect, which doesn't stake all its time on one kept connection.
// Where that says nothing for half of it, the request is sent once more, over a new one,
// and the first answer counts. The first isn't cut off for that, since a connection that is
// dead and a backend that is slow look the same. Where it was slow of late, the second goes
// after seven eighths, and no more than a quarter of the endpoint's concurrency is sent
// twice at once: what is slow mustn't get twice the load.
func (c *courier) hedge(ctx context.Context, req *http.Request, header http.Header, w *wire) (*answer, error) {
	first, stopFirst := context.WithCancel(ctx)
	defer stopFirst()
	second, stopSecond := context.WithCancel(ctx)
	defer stopSecond()
	var (
		other    *answer
		otherErr error
		over     = make(chan struct{})
	)
	end, _ := ctx.Deadline()
	half := time.Until(end) / 2
	wait := half
	wasSlow := c.isSlow()
	if wasSlow {
		wait = half * 7 / 4
	}
	timer := time.AfterFunc(wait, func() {
		defer close(over)
		select {
		case c.spare <- struct{}{}:
			defer func() { <-c.spare }()
		case <-first.Done():
			return
		}
		if !wasSlow && c.isSlow() || !w.double() {
			return
		}
		again := &wire{}
		req := req.WithContext(again.watch(second))
		req.Header = header
		req.Body, _ = req.GetBody()
		other, otherErr = c.exchange(c.fresh, req, again)
		if otherErr == nil {
			w.giveUp()
			stopFirst()
		}
	})
	a, err := c.send(first, req, header, w)
	stopFirst()
	if err == nil {
		if time.Until(end) < half {
			c.slowUntil.Store(time.Now().Add(slowFor).UnixMilli())
		}
		stopSecond()
	}
	if !timer.Stop() {
		<-over
	}
	if other != nil {
		a.resent, other.resent = resentSilent, resentSilent
		if err != nil && otherErr == nil {
			other.earlier = other.earlier || a.owes()
			return other, nil
		}
		a.earlier = a.earlier || other.owes()
	}
	return a, err
}

func (c *courier) isSlow() bool { return time.Now().Before(time.UnixMilli(c.slowUntil.Load())) }
