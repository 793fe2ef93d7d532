package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"gatepost/app/config"
)

func newConfigCommand(sh *shell) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "config",
		GroupID: groupNode,
		Short:   "Print the effective configuration, and all that is wrong with it",
		Long: `Print the configuration that "gatepost serve" with the same flags, environment and
file would run with: as YAML, each value with where it came from, secrets hidden.
Whatever is wrong with it is listed on stderr; the exit status is then 1.

With --check it also tries, and takes back, what a node does until it listens: whether
the data directory can be written, the addresses are free, an external NATS is there. A
node that runs with the same is no fault, but a note on stderr.`,
		Example: `  gatepost config --config gatepost.yaml
  gatepost config --check       # print only what would keep serve from starting`,
	}
	config.AddFlags(cmd.Flags())
	cmd.Flags().SortFlags = false
	check := cmd.Flags().Bool("check", false, "print only what would keep serve from starting; nothing is left behind")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		loaded := config.Load(config.Sources{File: sh.configFile, Environ: sh.environ, Flags: cmd.Flags()})
		if !*check {
			text, err := loaded.YAML()
			if err != nil {
				return err
			}
			if _, err := fmt.Fprint(cmd.OutOrStdout(), text); err != nil {
				return err
			}
		}
		if err := loaded.Faults.Err(); err != nil || !*check {
			return err
		}
		p := preflight{cfg: loaded.Config}
		p.check(cmd.Context())
		for _, note := range p.notes {
			cmd.PrintErrln("gatepost: note:", note)
		}
		return p.err()
	}
	return cmd
}
