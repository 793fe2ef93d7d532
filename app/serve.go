package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"syscall"

	"github.com/spf13/cobra"

	"gatepost/app/config"
)

func newServeCommand(sh *shell) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "serve",
		GroupID: groupNode,
		Short:   "Run a node",
		Long: `Run a node until SIGTERM or SIGINT. It then takes no new clients, closes those it
has with 1001 spread over GATEPOST_DRAIN, delivers their close events and exits with
status 0. A second signal ends it at once, unless it comes with the first: timeout(1)
sends two. SIGHUP drains too where the terminal closes, and does nothing elsewhere.

Each setting may be given as a flag, as an environment variable (--max-push is
GATEPOST_MAX_PUSH) or in a YAML file, in this order of precedence. Secrets have no
flag, since anyone on the machine can read those. With a fault in any of them the
node doesn't start, and lists all faults at once.

The least that it needs is GATEPOST_SECRET. For events to go to a backend it needs
GATEPOST_WEBHOOK_URL and GATEPOST_WEBHOOK_SECRET too.`,
		Example: `  gatepost secret > .env && set -a && . ./.env && set +a
  gatepost serve --webhook-url http://127.0.0.1:8000/
  gatepost serve --config gatepost.yaml --log-level debug`,
	}
	config.AddFlags(cmd.Flags())
	cmd.Flags().SortFlags = false
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		signals, stop := sh.notify()
		defer stop()
		out := sh.queued(sh.err)
		sh.err = out
		loaded := config.Load(config.Sources{File: sh.configFile, Environ: sh.environ, Flags: cmd.Flags()})
		if err := loaded.Faults.Err(); err != nil {
			return err
		}
		log := newLogger(loaded.Config, out)
		slog.SetDefault(log) // for libraries that say a word of their own
		signals = endings(signals, log, closesTerminal())
		for _, warning := range warnings(loaded) {
			log.Warn(warning)
		}
		ctx, cancel := context.WithCancel(cmd.Context())
		defer cancel()
		paceMemory(ctx)
		n, err := openUntil(ctx, loaded.Config, log, signals)
		if n == nil {
			return err
		}
		return n.run(signals)
	}
	return cmd
}

// errInterrupted ends a node that was told to stop while it drained.
var errInterrupted = errors.New("ended by a second signal before the node was drained")

// openUntil opens a node, or gives up at a signal: what it stands on may be a server
// that is away. Both are nil then.
func openUntil(ctx context.Context, cfg *config.Config, log *slog.Logger, signals <-chan os.Signal) (*node, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var (
		n    *node
		err  error
		done = make(chan struct{})
	)
	go func() {
		defer close(done)
		n, err = newNode(ctx, cfg, log, nil)
	}()
	select {
	case <-done:
		return n, err
	case s := <-signals:
		log.Info("stopping before the node is up", "signal", s.String())
	}
	cancel()
	select {
	case <-done:
	case <-signals:
		return nil, errInterrupted
	}
	if n != nil {
		n.close()
	}
	return nil, nil
}

// run listens and serves until it is told to stop.
func (n *node) run(signals <-chan os.Signal) error {
	if err := n.listen(); err != nil {
		n.close()
		return explainListen(err)
	}
	return n.serveUntil(signals)
}

// explainListen says of an error of listening what may be behind it.
func explainListen(err error) error {
	if errors.Is(err, syscall.EADDRINUSE) {
		return fmt.Errorf("%w (another program is there, a gatepost perhaps; GATEPOST_ADDR and GATEPOST_ADMIN_ADDR take another address)", err)
	}
	return fmt.Errorf("%w (GATEPOST_ADDR and GATEPOST_ADMIN_ADDR say where to listen)", err)
}

// serveUntil serves, on listeners that are open, until the first signal, then
// drains; the second one ends it at once.
func (n *node) serveUntil(signals <-chan os.Signal) error {
	served := make(chan error, 1)
	go func() { served <- n.serve() }()
	select {
	case err := <-served:
		n.close()
		return err
	case s := <-signals:
		n.log.Info("stopping", "signal", s.String())
	}
	stopped := make(chan error, 1)
	go func() { stopped <- n.stop(context.Background()) }()
	select {
	case err := <-stopped:
		if err == nil {
			n.log.Info("stopped")
		}
		return err
	case <-signals:
		return errInterrupted
	}
}
