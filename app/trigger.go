package main

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"gatepost/app/config"
	"gatepost/auth"
	"gatepost/protocol"
	"gatepost/webhooks"
)

func newTriggerCommand(sh *shell) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "trigger",
		GroupID: groupTry,
		Short:   "Send one signed event to a backend and show what would be done",
		Long: `Send one event to a backend, signed as a node would sign it, and print the request,
the answer, and what a node would do: so a handler is tried without a browser and
without a node. It is one attempt; nothing is tried again and nothing carried out.

It goes to --url, or to where the configuration sends such an event, and is signed
with --secret or GATEPOST_WEBHOOK_SECRET. Prefer the variable: anyone on the machine
can read a flag.

The exit status is 1 unless the answer would be accepted and each of its actions
could be read.`,
		Example: `  gatepost trigger connect --url http://127.0.0.1:9000/ --query name=anna
  gatepost trigger message --uid 42 --group room-1 --text '{"say":"hello"}'
  gatepost trigger close --code 1006`,
	}
	cmd.AddCommand(newTriggerConnect(sh), newTriggerMessage(sh), newTriggerClose(sh))
	return cmd
}

// target is where an event is sent, by flags over configuration.
type target struct{ url, secret string }

func (t *target) addFlags(cmd *cobra.Command) {
	cmd.Flags().StringVar(&t.url, "url", "", "where to send it; none: where the configuration says")
	cmd.Flags().StringVar(&t.secret, "secret", "", "whsec_… to sign it with; seen by anyone on this machine")
}

// endpoint is the one that gets events of this type.
func (t *target) endpoint(sh *shell, event protocol.EventType) (webhooks.Endpoint, error) {
	uses := []string{"GATEPOST_WEBHOOK_TIMEOUT"}
	if t.url == "" {
		uses = append(uses, "GATEPOST_WEBHOOK_URL", "webhooks")
	}
	if t.secret == "" {
		uses = append(uses, "GATEPOST_WEBHOOK_SECRET")
	}
	cfg, err := sh.settings(uses...)
	if err != nil {
		return webhooks.Endpoint{}, err
	}
	w := cfg.Webhook
	if t.url != "" {
		w.Name, w.URL = "trigger", t.url
	} else {
		takes := func(w config.Webhook) bool { return slices.Contains(w.Events, event) }
		i := slices.IndexFunc(cfg.Webhooks, takes)
		if i < 0 {
			return webhooks.Endpoint{}, fmt.Errorf("no webhook is configured for %s events; give --url", event)
		}
		w = cfg.Webhooks[i]
	}
	if t.secret != "" {
		if w.Secrets, err = auth.ParseWebhookSecrets(t.secret); err != nil {
			return webhooks.Endpoint{}, wrongUsage("--secret: %w", err)
		}
	}
	if w.Secrets.Empty() {
		return webhooks.Endpoint{}, errors.New("there is no GATEPOST_WEBHOOK_SECRET to sign the event with (gatepost secret makes one; the backend needs the same)")
	}
	return endpoint(w), nil
}

// trigger sends the event and prints what came of it.
func (sh *shell) trigger(ctx context.Context, t *target, ev *protocol.Event) error {
	e, err := t.endpoint(sh, ev.Type)
	if err != nil {
		return err
	}
	x, err := webhooks.Preview(ctx, e, ev)
	if err != nil {
		return err
	}
	printExchange(sh.out, x)
	if !explain(sh.out, ev, x) {
		return errSaid
	}
	return nil
}
