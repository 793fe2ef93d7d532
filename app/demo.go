package main

import (
	"errors"

	"github.com/spf13/cobra"
)

func newDemoCommand(_ *shell) *cobra.Command {
	return &cobra.Command{
		Use:     "demo",
		GroupID: groupNode,
		Short:   "Run a chat to try the gateway on, without any set-up",
		RunE:    func(*cobra.Command, []string) error { return errors.New("the demo isn't in this build") },
	}
}
