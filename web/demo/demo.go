package demo

import (
	"embed"
	"net/http"
	"sync"

	"github.com/labstack/echo/v4"
)

// Config is what the demo needs of the node that it shows.
type Config struct {
	// Verifier checks the signatures of the webhooks.
	Verifier Verifier
	// Token mints an API token that may push, for whoever opens the page.
	Token func() (string, error)
	// WSPath is the path that upgrades.
	WSPath string
	// Observe is told of each exchange, one at a time and in order; nil: nobody is.
	Observe func(Exchange)
}

// Demo is the page and the backend behind it.
type Demo struct {
	cfg     Config
	wire    *wire
	backend *backend
	order   sync.Mutex // held while an exchange is told, so that all see one order
}

// New makes a demo whose chat is empty.
func New(cfg Config) *Demo {
	d := &Demo{cfg: cfg, wire: newWire()}
	d.backend = &backend{verifier: cfg.Verifier, chat: newChat(), done: map[string][]byte{}, publish: d.publish}
	return d
}

// Backend receives the gateway's webhooks, on whatever path it is mounted.
func (d *Demo) Backend() http.Handler { return d.backend }

// Close ends the streams, which else keep a server from shutting down.
func (d *Demo) Close() { d.wire.close() }

func (d *Demo) publish(x Exchange) {
	d.order.Lock()
	defer d.order.Unlock()
	d.wire.publish(encode(x))
	if d.cfg.Observe != nil {
		d.cfg.Observe(x)
	}
}

//go:embed page
var files embed.FS

// policy lets the page load its own files and talk to its own host, and nothing
// else: whatever a chat message holds, it can't run or call out.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// Register mounts the page at / and what it needs below /demo/.
func (d *Demo) Register(e *echo.Echo) {
	get := func(path string, handle echo.HandlerFunc) {
		e.Match([]string{http.MethodGet, http.MethodHead}, path, handle)
	}
	get("/", d.file("page/index.html", "text/html; charset=utf-8"))
	get("/demo/page.css", d.file("page/page.css", "text/css; charset=utf-8"))
	get("/demo/page.js", d.file("page/page.js", "text/javascript; charset=utf-8"))
	get("/demo/icon.svg", d.file("page/icon.svg", "image/svg+xml"))
	get("/demo/setup", d.setup)
	get("/demo/wire", d.stream)
}

func (d *Demo) file(name, contentType string) echo.HandlerFunc {
	content, err := files.ReadFile(name)
	if err != nil {
		panic("demo: " + name + " is not embedded") // the build is broken
	}
	return func(c echo.Context) error {
		h := c.Response().Header()
		h.Set("Content-Security-Policy", policy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cache-Control", "no-cache")
		return c.Blob(http.StatusOK, contentType, content)
	}
}

// setup tells the page where to connect and gives it a token to push with.
func (d *Demo) setup(c echo.Context) error {
	token, err := d.cfg.Token()
	if err != nil {
		return err
	}
	c.Response().Header().Set("Cache-Control", "no-store")
	return c.JSON(http.StatusOK, map[string]string{"ws": d.cfg.WSPath, "room": Room, "token": token})
}
