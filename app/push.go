package main

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/spf13/cobra"

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
		newPushTo(sh, "all", "all clients", "", "push:all", nil),
		newPushTo(sh, "client", "one client", "/push/clients/", "push", protocol.CheckClientID),
		newPushTo(sh, "uid", "the clients of a uid", "/push/uids/", "push", protocol.CheckName),
		newPushTo(sh, "group", "the clients in a group", "/push/groups/", "push", protocol.CheckName),
	)
	return cmd
}

// newPushTo is push to one kind of target, whose names pass check; a path that is empty
// is for all.
func newPushTo(sh *shell, kind, whom, path, scope string, check func(field, name string) error) *cobra.Command {
	argument := strings.ToUpper(kind)
	cmd := &cobra.Command{
		Use:   kind + " " + argument + " TEXT",
		Short: "Send a message to " + whom,
		Args:  cobra.ExactArgs(2),
	}
	if path == "" {
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
		target := "/push/all"
		if path != "" {
			if err := check(argument, args[0]); err != nil {
				return wrongUsage("%w", err)
			}
			target = path + url.PathEscape(args[0])
		}
		for _, id := range *except {
			if err := protocol.CheckClientID("--except-client", id); err != nil {
				return wrongUsage("%w", err)
			}
		}
		if len(*except) > 0 {
			target += "?" + url.Values{"except_client": *except}.Encode()
		}
		contentType := "text/plain; charset=utf-8"
		if *binary {
			contentType = "application/octet-stream"
		}
		c, err := sh.caller(cmd, scope)
		if err != nil {
			return err
		}
		var pushed protocol.Pushed
		if err := c.call(cmd.Context(), http.MethodPost, target, contentType, message, &pushed); err != nil {
			return err
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
