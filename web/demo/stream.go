package demo

import (
	"fmt"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"
)

const (
	streamWrite = 10 * time.Second // the longest that one write may take
	streamBeat  = 15 * time.Second // a comment is sent this often, so that proxies keep the stream
)

// stream shows the exchanges as Server-Sent Events.
func (d *Demo) stream(c echo.Context) error {
	reader, err := d.wire.subscribe(c.Request().Header.Get("Last-Event-ID"))
	if err != nil {
		return c.NoContent(http.StatusServiceUnavailable)
	}
	defer d.wire.unsubscribe(reader)

	h := c.Response().Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Accel-Buffering", "no")
	h.Set("X-Content-Type-Options", "nosniff")
	c.Response().WriteHeader(http.StatusOK)
	if c.Request().Method == http.MethodHead {
		return nil
	}

	// The server's own time-out is for a request that comes slowly; this one has
	// come, and its answer goes on for as long as the page is open.
	if err := http.NewResponseController(c.Response()).SetReadDeadline(time.Time{}); err != nil {
		return err
	}
	beat := time.NewTicker(streamBeat)
	defer beat.Stop()
	if err := write(c.Response(), "retry: 1000\n\n"); err != nil {
		return nil
	}
	for {
		text := ": still here\n\n"
		select {
		case s, open := <-reader:
			if !open {
				return nil
			}
			text = fmt.Sprintf("id: %s\ndata: %s\n\n", d.wire.id(s.number), s.data)
		case <-beat.C:
		case <-c.Request().Context().Done():
			return nil
		}
		if err := write(c.Response(), text); err != nil {
			return nil // the reader has gone, or is too slow
		}
	}
}

func write(w http.ResponseWriter, text string) error {
	conn := http.NewResponseController(w)
	if err := conn.SetWriteDeadline(time.Now().Add(streamWrite)); err != nil {
		return err
	}
	if _, err := w.Write([]byte(text)); err != nil {
		return err
	}
	return conn.Flush()
}
