package main

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"github.com/spf13/cobra"
)

func newHealthcheckCommand(sh *shell) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "healthcheck",
		GroupID: groupNode,
		Short:   "Ask the node on this machine whether it is alive",
		Long: `Ask the node that listens on GATEPOST_ADDR of this machine for /healthz, for the
HEALTHCHECK of a container without shell and curl. The exit status is 1 if it
doesn't answer 200 within three seconds.`,
		Example: `  gatepost healthcheck
  gatepost healthcheck --ready    # whether it takes new clients: not while it drains`,
	}
	addr := cmd.Flags().String("addr", "", "`host:port` to ask instead of GATEPOST_ADDR")
	ready := cmd.Flags().Bool("ready", false, "ask for /readyz")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if *addr == "" {
			cfg, err := sh.settings("GATEPOST_ADDR")
			if err != nil {
				return err
			}
			*addr = cfg.Addr
		}
		target, err := localURL(*addr)
		if err != nil {
			return err
		}
		if *ready {
			target += "/readyz"
		} else {
			target += "/healthz"
		}
		req, err := http.NewRequestWithContext(cmd.Context(), http.MethodGet, target, nil)
		if err != nil {
			return err
		}
		client := directClient(3 * time.Second)
		res, err := client.Do(req)
		if err != nil {
			return err
		}
		defer func() { _ = res.Body.Close() }()
		_, _ = io.Copy(io.Discard, io.LimitReader(res.Body, 1<<10))
		if res.StatusCode != http.StatusOK {
			return fmt.Errorf("%s answered %s", target, res.Status)
		}
		return nil
	}
	return cmd
}

// localURL is where a node that listens on addr is reached from its own machine. Who
// listens on [::] takes IPv4 too, and a container most often has no ::1.
func localURL(addr string) (string, error) {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return "", wrongUsage("%q is not host:port", addr)
	}
	if port == "0" {
		return "", wrongUsage("GATEPOST_ADDR has port 0: give the port that the node took with --addr")
	}
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	return "http://" + net.JoinHostPort(host, port), nil
}
