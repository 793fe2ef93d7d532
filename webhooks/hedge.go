package webhooks

import (
	"context"
	"net/http"
	"time"
)

// hedge is send for a connect, which doesn't stake all its time on one kept connection.
// Where that says nothing for half of it, the request is sent once more, over a new one,
// and the first answer counts. The first isn't cut off for that, since a connection that is
// dead and a backend that is slow look the same. No more than a quarter of the endpoint's
// concurrency is sent twice at once.
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
	timer := time.AfterFunc(time.Until(end)/2, func() {
		defer close(over)
		select {
		case c.spare <- struct{}{}:
			defer func() { <-c.spare }()
		case <-first.Done():
			return
		}
		if !w.isMute() {
			return
		}
		w := &wire{}
		again := req.WithContext(w.watch(second))
		again.Header = header
		again.Body, _ = req.GetBody()
		other, otherErr = c.exchange(c.fresh, again, w)
		if otherErr == nil {
			stopFirst()
		}
	})
	a, err := c.send(first, req, header, w)
	stopFirst()
	if err == nil {
		stopSecond()
	}
	if timer.Stop() {
		return a, err
	}
	<-over
	switch {
	case other == nil:
	case err != nil && otherErr == nil:
		other.earlier = other.earlier || a.owes()
		return other, nil
	default:
		a.earlier = a.earlier || other.owes()
	}
	return a, err
}
