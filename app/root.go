package main

import (
	"strings"

	"github.com/spf13/cobra"
)

// newRoot is the tree of commands.
func newRoot(sh *shell) *cobra.Command {
	root := &cobra.Command{
		Use:   "gatepost",
		Short: "Hold WebSocket connections for a stateless backend",
		Long: `Gatepost holds WebSocket connections so that a backend doesn't have to. It POSTs
what happens on them (connect, message, close) to the backend as signed webhooks,
and carries out what the backend asks for (send, bind, join …) in the webhook's
reply or over HTTP.`,
		Example: `  gatepost demo                 # a chat to try it on, without any set-up
  gatepost secret               # the two secrets that a node needs
  gatepost serve                # run a node
  gatepost trigger message      # try a backend's handler without a browser`,
		SilenceErrors:     true,
		SilenceUsage:      true,
		CompletionOptions: cobra.CompletionOptions{HiddenDefaultCmd: true},
	}
	root.PersistentFlags().StringVar(&sh.configFile, "config", "", "YAML `file` with the configuration; the environment goes over it")
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return wrongUsage("%w (see %s --help)", err, cmd.CommandPath())
	})
	root.AddGroup(&cobra.Group{ID: groupNode, Title: "Run a node:"}, &cobra.Group{ID: groupTry, Title: "Try a backend:"},
		&cobra.Group{ID: groupCall, Title: "Call a running node:"})
	root.AddCommand(
		newServeCommand(sh), newDemoCommand(sh), newConfigCommand(sh), newHealthcheckCommand(sh), newBackupCommand(sh),
		newSecretCommand(), newTokenCommand(sh), newTriggerCommand(sh),
		newPushCommand(sh), newClientsCommand(sh), newStatsCommand(sh), newDeadCommand(sh), newNodeCommand(sh),
		newVersionCommand(),
	)
	strict(root)
	root.SetHelpCommand(newHelpCommand())
	return root
}

// Groups of the help text.
const (
	groupNode = "node"
	groupTry  = "try"
	groupCall = "call"
)

// strict makes a wrong number of arguments, an unknown command and a missing one
// a usageError in the whole tree. cobra would print the help and succeed.
func strict(cmd *cobra.Command) {
	for _, child := range cmd.Commands() {
		strict(child)
	}
	if cmd.HasSubCommands() {
		cmd.Args = cobra.ArbitraryArgs
		cmd.RunE = func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				return wrongUsage("%q is no command of %s%s", args[0], cmd.CommandPath(), suggestion(cmd, args[0]))
			}
			return wrongUsage("%s needs one of the commands %s (see %s --help)", cmd.CommandPath(), strings.Join(names(cmd), ", "), cmd.CommandPath())
		}
		return
	}
	check := cmd.Args
	if check == nil {
		check = cobra.NoArgs
	}
	cmd.Args = func(cmd *cobra.Command, args []string) error {
		if err := check(cmd, args); err != nil {
			return wrongUsage("%w (usage: %s)", err, cmd.UseLine())
		}
		return nil
	}
}

// newHelpCommand is cobra's, but for what it says of a command that there isn't: that
// one prints the root's help and succeeds.
func newHelpCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "help [COMMAND]",
		Short: "Print the help of a command",
		RunE: func(cmd *cobra.Command, args []string) error {
			of, rest, err := cmd.Root().Find(args)
			if err != nil {
				return wrongUsage("%w", err)
			}
			if len(rest) > 0 {
				return wrongUsage("%q is no command of %s%s", rest[0], of.CommandPath(), suggestion(of, rest[0]))
			}
			of.InitDefaultHelpFlag()
			return of.Help()
		},
	}
}

func suggestion(cmd *cobra.Command, typed string) string {
	if near := cmd.SuggestionsFor(typed); len(near) > 0 {
		return "; did you mean " + near[0] + "?"
	}
	return " (see " + cmd.CommandPath() + " --help)"
}

func names(cmd *cobra.Command) []string {
	var list []string
	for _, child := range cmd.Commands() {
		if child.IsAvailableCommand() {
			list = append(list, child.Name())
		}
	}
	return list
}
