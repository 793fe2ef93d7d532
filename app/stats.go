package main

import (
	"fmt"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"gatepost/protocol"
)

func newStatsCommand(sh *shell) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "stats",
		GroupID: groupCall,
		Short:   "Print how many clients, uids and groups there are, and how the webhooks fare",
		Long:    `Print how many clients, uids and groups a running gateway has, and how its webhooks fare.` + callHelp,
		Example: `  gatepost stats
  gatepost stats --json | jq .clients`,
	}
	asJSON := jsonFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		c, err := sh.caller(cmd, "read")
		if err != nil {
			return err
		}
		var stats protocol.Stats
		if err := c.get(cmd.Context(), "/stats", &stats); err != nil {
			return err
		}
		if *asJSON {
			return printJSON(cmd.OutOrStdout(), stats)
		}
		return printStats(cmd, &stats)
	}
	return cmd
}

func printStats(cmd *cobra.Command, s *protocol.Stats) error {
	out := cmd.OutOrStdout()
	_, _ = fmt.Fprintf(out, "clients %d, uids %d, groups %d\n\n", s.Clients, s.UIDs, s.Groups)
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	printNodes(w, s.Nodes)
	if len(s.Webhooks) > 0 {
		_, _ = fmt.Fprintln(w, "\nWEBHOOK\tBREAKER\tUNDER WAY\tWAITING\tDELIVERED\tFAILED\tDEAD\tURL")
	}
	for _, e := range s.Webhooks {
		_, _ = fmt.Fprintf(w, "%s\t%s\t%d of %d\t%d\t%d\t%d\t%d\t%s\n", e.Name, e.Breaker, e.InFlight, e.Concurrency, e.Waiting, e.Delivered, e.Failed, e.Dead, e.URL)
	}
	return w.Flush()
}
