package main

import (
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"
)

// clientRow is a client as GET /clients gives it.
type clientRow struct {
	ClientID    string          `json:"client_id"`
	UID         *string         `json:"uid"`
	Groups      []string        `json:"groups"`
	Session     json.RawMessage `json:"session"`
	Node        string          `json:"node"`
	ConnectedAt string          `json:"connected_at"`
	RemoteAddr  string          `json:"remote_addr"`
}

func newClientsCommand(sh *shell) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "clients",
		GroupID: groupCall,
		Short:   "List the clients that are connected",
		Long:    `List the clients that are connected to a running gateway.` + callHelp,
		Example: `  gatepost clients
  gatepost clients --group room-1 --limit 10000
  gatepost clients --uid 42 --json`,
	}
	asJSON := jsonFlag(cmd)
	groups := cmd.Flags().StringArray("group", nil, "only those in this `group`; may be repeated")
	uids := cmd.Flags().StringArray("uid", nil, "only those of this `uid`; may be repeated")
	limit := limitFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		c, err := sh.caller(cmd, "read")
		if err != nil {
			return err
		}
		query := url.Values{"group": *groups, "uid": *uids}
		rows, more, err := list[clientRow](cmd.Context(), c, "/clients", "clients", query, *limit)
		if err != nil {
			return err
		}
		sayMore(cmd, more, len(rows))
		if *asJSON {
			return printJSON(cmd.OutOrStdout(), rows)
		}
		return printClients(cmd, rows)
	}
	return cmd
}

func printClients(cmd *cobra.Command, rows []clientRow) error {
	w := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(w, "CLIENT\tUID\tGROUPS\tADDRESS\tCONNECTED\tNODE")
	for _, r := range rows {
		uid := "-"
		if r.UID != nil {
			uid = *r.UID
		}
		_, _ = fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\n", r.ClientID, uid, strings.Join(r.Groups, ","), r.RemoteAddr, r.ConnectedAt, r.Node)
	}
	return w.Flush()
}
