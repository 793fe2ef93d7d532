package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"gatepost/auth"
	"gatepost/protocol"
)

func newPushCommand(sh *shell) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "push",
		GroupID: groupCall,
		Short:   "Send a message to clients: all, one, a uid's or a group's",
		Long: `Send a message to clients of a running gateway and print to how many it went:
matched by the target, queued for sending, dropped since they were too slow.

TEXT is sent as a text frame; "-" reads it from standard input.` + callHelp,
		Example: `  gatepost push all 'back in five minutes'
  gatepost push group room-1 '{"type":"notice","text":"hello"}'
  gatepost push uid 42 - < message.json
  gatepost push client 0f3k… --binary - < picture.png`,
	}
	cmd.AddCommand(
		newPushTo(sh, "all", "all clients", nil),
		newPushTo(sh, "client", "one client", protocol.CheckClientID),
		newPushTo(sh, "uid", "the clients of a uid", protocol.CheckName),
		newPushTo(sh, "group", "the clients in a group", protocol.CheckName),
	)
	return cmd
}

// newPushTo is push to one kind of target, whose names pass check; nil: all are meant.
func newPushTo(sh *shell, kind, whom string, check func(field, name string) error) *cobra.Command {
	argument := strings.ToUpper(kind)
	cmd := &cobra.Command{
		Use:   kind + " " + argument + " TEXT",
		Short: "Send a message to " + whom,
		Args:  cobra.ExactArgs(2),
	}
	if check == nil {
		cmd.Use, cmd.Args = kind+" TEXT", cobra.ExactArgs(1)
	}
	asJSON := jsonFlag(cmd)
	binary := cmd.Flags().Bool("binary", false, "send a binary frame")
	except := cmd.Flags().StringArray("except-client", nil, "client `id` that doesn't get it; may be repeated")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		message, err := sh.message(args[len(args)-1])
		if err != nil {
			return err
		}
		push, scope := map[string]any{"all": true}, "push:all"
		if check != nil {
			if err := check(argument, args[0]); err != nil {
				return wrongUsage("%w", err)
			}
			push, scope = map[string]any{kind + "s": args[:1]}, "push:"+kind+":"+auth.EscapeScopeName(args[0])
		}
		for _, id := range *except {
			if err := protocol.CheckClientID("--except-client", id); err != nil {
				return wrongUsage("%w", err)
			}
		}
		if len(*except) > 0 {
			push["except_clients"] = *except
		}
		switch {
		case *binary:
			push["binary"] = message
		case !utf8.Valid(message):
			return wrongUsage("TEXT is not UTF-8; --binary sends it as it is")
		default:
			push["text"] = string(message)
		}
		body, err := json.Marshal(push)
		if err != nil {
			return err
		}
		c, err := sh.caller(cmd, scope)
		if err != nil {
			return err
		}
		var pushed protocol.Pushed
		if err := c.call(cmd.Context(), http.MethodPost, "/push", "application/json", body, &pushed); err != nil {
			return err
		}
		if kind == "client" && pushed.Matched == 0 && !slices.Contains(*except, args[0]) {
			gone := protocol.ClientGone(args[0])
			return fmt.Errorf("the gateway answered %d %s: %s", gone.Status, gone.Code, gone.Detail)
		}
		if *asJSON {
			return printJSON(cmd.OutOrStdout(), pushed)
		}
		_, err = fmt.Fprintf(cmd.OutOrStdout(), "matched %d, queued %d, dropped %d\n", pushed.Matched, pushed.Queued, pushed.Dropped)
		return err
	}
	return cmd
}

// message is the argument itself or, for "-", standard input.
func (sh *shell) message(arg string) ([]byte, error) {
	if arg != "-" {
		return []byte(arg), nil
	}
	return io.ReadAll(io.LimitReader(sh.in, maxAnswer))
}
