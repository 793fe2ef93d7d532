package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"gatepost/auth"
)

func newSecretCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "secret",
		GroupID: groupNode,
		Short:   "Print fresh secrets for a node",
		Long: `Print a fresh GATEPOST_SECRET, which signs tokens, and a fresh
GATEPOST_WEBHOOK_SECRET, which signs webhooks, as lines of an env file.

Both are 256 random bits. The backend needs the same two: the first to make
tokens for its calls, the second to check that a webhook is from this gateway.

To replace one without a break, put the new one beside the old for a while:
  GATEPOST_SECRET=new,old              the first signs, all verify
  GATEPOST_WEBHOOK_SECRET="new old"    each signs`,
		Example: `  gatepost secret >> .env
  set -a; . ./.env; set +a; gatepost serve`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			_, err := fmt.Fprintf(cmd.OutOrStdout(), "GATEPOST_SECRET=%s\nGATEPOST_WEBHOOK_SECRET=%s\n",
				auth.NewSecret(), auth.NewWebhookSecret())
			return err
		},
	}
}
