package main

import (
	"fmt"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"gatepost/protocol"
)

func newNodeCommand(sh *shell) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "node",
		GroupID: groupCall,
		Short:   "List the nodes of the cluster, or declare one lost",
		Long:    `List the nodes of a running gateway's cluster, or declare one of them lost.` + callHelp,
	}
	cmd.AddCommand(newNodeListCommand(sh), newNodeForgetCommand(sh))
	return cmd
}

func newNodeListCommand(sh *shell) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "list",
		Short:   "List the nodes of the cluster",
		Example: `  gatepost node list`,
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
			return printJSON(cmd.OutOrStdout(), stats.Nodes)
		}
		w := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 0, 2, ' ', 0)
		printNodes(w, stats.Nodes)
		return w.Flush()
	}
	return cmd
}

// printNodes is the table of nodes.
func printNodes(w *tabwriter.Writer, nodes []protocol.NodeStats) {
	_, _ = fmt.Fprintln(w, "NODE\tCLIENTS\tVERSION\tUP")
	for _, n := range nodes {
		if n.Silent {
			_, _ = fmt.Fprintf(w, "%s\t?\t%s\tsilent\n", n.Node, n.Version)
			continue
		}
		_, _ = fmt.Fprintf(w, "%s\t%d\t%s\t%s\n", n.Node, n.Clients, n.Version, time.Duration(n.UptimeS)*time.Second)
	}
}

func newNodeForgetCommand(sh *shell) *cobra.Command {
	return &cobra.Command{
		Use:   "forget NODE",
		Short: "Declare a node lost that doesn't answer and won't come back as it was",
		Long: `Declare a node lost that doesn't answer. The others close its clients, node_lost;
should it come back all the same, it closes those with 1001 and drops what waits of
their events. With three or more nodes this happens by itself; with two, neither
can know whether it is itself the one that is cut off, so a person has to say so.
A node that answers is left alone.` + callHelp,
		Example: `  gatepost node forget node-2`,
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := sh.caller(cmd, "admin")
			if err != nil {
				return err
			}
			if err := c.callNamed(cmd.Context(), "/nodes/forget", "node", args[0], nil); err != nil {
				return err
			}
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s is forgotten: the others close its clients\n", args[0])
			return err
		},
	}
}
