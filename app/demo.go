package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"gatepost/app/config"
	"gatepost/auth"
	"gatepost/web"
	"gatepost/web/demo"
)

func newDemoCommand(sh *shell) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "demo",
		GroupID: groupNode,
		Short:   "Run a chat to try the gateway on, without any set-up",
		Long: `Run a node with fresh secrets, a backend that receives its signed webhooks over
HTTP, and a page that shows a chat and, beside it, what goes over the wire. Open the
page in two windows, and paste the curl line that is printed to push to both.

It reads no configuration and writes no file. Rooms of the chat are groups, names
are uids.`,
		Example: `  gatepost demo
  gatepost demo --addr 127.0.0.1:9090`,
	}
	addr := cmd.Flags().String("addr", "127.0.0.1:8080", "`host:port` of the page and the gateway; port 0 takes a free one")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		signals, stop := sh.notify()
		defer stop()
		errOut := sh.queued(sh.err)
		sh.err = errOut
		return runDemo(cmd.Context(), *addr, signals, sh.queued(sh.out), errOut)
	}
	return cmd
}

// demoTokenTTL is how long the printed token can be used: a day of trying.
const demoTokenTTL = 24 * time.Hour

// runDemo runs the node, the backend and the page until the first signal.
func runDemo(ctx context.Context, addr string, signals <-chan os.Signal, out io.Writer, errOut *lineQueue) error {
	backend, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return fmt.Errorf("listen for webhooks: %w", err)
	}
	defer backend.Close()
	cfg, err := demoConfig(addr, "http://"+backend.Addr().String()+"/")
	if err != nil {
		return err
	}

	var n *node
	app := demo.New(demo.Config{
		Verifier: cfg.Webhook.Secrets,
		Token:    func() (string, error) { return n.tokens.SignAPI("push", demoTokenTTL, auth.CallBinding{}) },
		WSPath:   cfg.WSPath,
		Observe:  func(x demo.Exchange) { _, _ = fmt.Fprintln(out, " ", x) },
	})
	defer app.Close()
	log := newLogger(cfg, errOut)
	slog.SetDefault(log) // for libraries that say a word of their own
	signals = endings(signals, log, closesTerminal())
	n, err = newNode(ctx, cfg, log, func(d *web.Deps) { d.Extra = app.Register })
	if err != nil {
		return err
	}
	if err := n.listen(); err != nil {
		n.close()
		return fmt.Errorf("%w (--addr takes another address)", err)
	}
	if err := greet(out, n, backend.Addr()); err != nil {
		n.close()
		return err
	}

	server := &http.Server{
		Handler: app.Backend(), ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout: 10 * time.Second, WriteTimeout: 10 * time.Second, IdleTimeout: time.Minute,
	}
	defer server.Close()
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(backend) }()
	err = n.serveUntil(tell(signals, func() {
		_, _ = fmt.Fprintln(out, "\n  Stopping: the clients are closed with 1001.")
		app.Close() // the server waits for streams that are open
	}))
	_ = server.Close() // whoever is still connected is the node, which has stopped
	return errors.Join(err, unlessClosed(<-failed))
}

// demoConfig is the configuration of a node that needs none: secrets nobody
// knows, nothing on disk, and no word from the environment.
func demoConfig(addr, webhookURL string) (*config.Config, error) {
	loaded := config.Load(config.Sources{Environ: []string{
		"GATEPOST_ADDR=" + addr,
		"GATEPOST_SECRET=" + auth.NewSecret(),
		"GATEPOST_WEBHOOK_URL=" + webhookURL,
		"GATEPOST_WEBHOOK_SECRET=" + auth.NewWebhookSecret(),
		"GATEPOST_DATA_DIR=" + config.InMemory,
		"GATEPOST_NODE=demo",
		"GATEPOST_DRAIN=0s",
		"GATEPOST_LOG_LEVEL=warn",
	}})
	return loaded.Config, loaded.Faults.Err()
}

// greet says where the page is and how to push.
func greet(out io.Writer, n *node, backend net.Addr) error {
	token, err := n.tokens.SignAPI("push", demoTokenTTL, auth.CallBinding{})
	if err != nil {
		return err
	}
	at, local := reachable(n.addr())
	var b strings.Builder
	fmt.Fprintf(&b, "\n  Gatepost demo\n\n")
	fmt.Fprintf(&b, "  Page      http://%s/\n            Open it in two windows and chat.\n", at)
	fmt.Fprintf(&b, "  Backend   http://%s/\n            Gets the signed webhooks and answers them.\n\n", backend)
	if !local {
		fmt.Fprintf(&b, "  Whoever can reach this address sees the chat, and may push.\n\n")
	}
	fmt.Fprintf(&b, "  Push to the room from another terminal:\n\n")
	fmt.Fprintf(&b, "  curl -H 'authorization: Bearer %s' -H 'content-type: text/plain' --data-raw 'Hello from curl' 'http://%s/push/groups/%s'\n\n", token, at, demo.Room)
	fmt.Fprintf(&b, "  Ctrl-C stops. Webhooks, and what the backend asked for in its answer:\n\n")
	_, err = io.WriteString(out, b.String())
	return err
}

// reachable is an address at which this machine reaches the listener, and
// whether it alone does.
func reachable(addr net.Addr) (at string, local bool) {
	at = addr.String()
	listening, err := netip.ParseAddrPort(at)
	if err != nil {
		return at, false
	}
	if listening.Addr().IsUnspecified() {
		return netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), listening.Port()).String(), false
	}
	return at, listening.Addr().IsLoopback()
}

// tell passes signals on; first is called before the first of them.
func tell(signals <-chan os.Signal, first func()) <-chan os.Signal {
	passed := make(chan os.Signal, cap(signals)+1)
	go func() {
		for s := range signals {
			if first != nil {
				first()
				first = nil
			}
			passed <- s
		}
	}()
	return passed
}

// unlessClosed is the error of a server that ended for another reason than that
// it was closed.
func unlessClosed(err error) error {
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return fmt.Errorf("serve webhooks: %w", err)
}
