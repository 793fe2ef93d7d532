package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"text/tabwriter"

	"github.com/spf13/cobra"
)

// letterRow is a dead letter as GET /events/dead gives it.
type letterRow struct {
	ID       string `json:"id"`
	Type     string `json:"type"`
	ClientID string `json:"client_id"`
	Endpoint string `json:"endpoint"`
	DiedAt   string `json:"died_at"`
	Reason   string `json:"reason"`
	Attempts []struct {
		At     string `json:"at"`
		Status int    `json:"status"`
		Error  string `json:"error"`
	} `json:"attempts"`
}

func newDeadCommand(sh *shell) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "dead",
		GroupID: groupCall,
		Short:   "List, replay or drop the events that no backend took",
		Long: `List, replay or drop dead letters: events that the backend refused, or that were out
of tries. Each keeps its id, so that a backend knows one that it has had already.
It takes a token with scope admin.` + callHelp,
	}
	cmd.AddCommand(newDeadListCommand(sh), newDeadShowCommand(sh), newDeadReplayCommand(sh), newDeadDropCommand(sh))
	return cmd
}

func newDeadListCommand(sh *shell) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "list",
		Short:   "List the dead letters, why each is one, and how the last attempt ended",
		Example: `  gatepost dead list --limit 1000`,
	}
	asJSON := jsonFlag(cmd)
	limit := limitFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		c, err := sh.caller(cmd, "admin")
		if err != nil {
			return err
		}
		rows, more, err := list[letterRow](cmd.Context(), c, "/events/dead", "events", url.Values{}, *limit)
		if err != nil {
			return err
		}
		sayMore(cmd, more, len(rows))
		if *asJSON {
			return printJSON(cmd.OutOrStdout(), rows)
		}
		return printLetters(cmd, rows)
	}
	return cmd
}

func printLetters(cmd *cobra.Command, rows []letterRow) error {
	w := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(w, "ID\tTYPE\tENDPOINT\tDIED\tREASON\tTRIES\tLAST ATTEMPT")
	for _, r := range rows {
		last := "-"
		if n := len(r.Attempts); n > 0 {
			if last = r.Attempts[n-1].Error; last == "" {
				last = strconv.Itoa(r.Attempts[n-1].Status)
			}
		}
		_, _ = fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%d\t%s\n", r.ID, r.Type, r.Endpoint, r.DiedAt, r.Reason, len(r.Attempts), printable(last))
	}
	return w.Flush()
}

func newDeadShowCommand(sh *shell) *cobra.Command {
	return &cobra.Command{
		Use:   "show ID",
		Short: "Print one dead letter with its event, cookies masked",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := sh.caller(cmd, "admin")
			if err != nil {
				return err
			}
			var letter json.RawMessage
			if err := c.callNamed(cmd.Context(), "/events/dead/show", "id", args[0], &letter); err != nil {
				return err
			}
			return printJSON(cmd.OutOrStdout(), letter)
		},
	}
}

func newDeadReplayCommand(sh *shell) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "replay ID… | --all",
		Short: "Send dead letters again",
		Example: `  gatepost dead replay evt_0f3k…_7
  gatepost dead replay --all`,
		Args: cobra.ArbitraryArgs,
	}
	all := cmd.Flags().Bool("all", false, "replay all of them")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if *all == (len(args) > 0) {
			return wrongUsage("name the dead letters to replay, or --all")
		}
		which := map[string]any{"ids": args}
		if *all {
			which = map[string]any{"all": true}
		}
		body, err := json.Marshal(which)
		if err != nil {
			return err
		}
		c, err := sh.caller(cmd, "admin")
		if err != nil {
			return err
		}
		var done struct {
			Replayed int `json:"replayed"`
		}
		if err := c.call(cmd.Context(), http.MethodPost, "/events/dead/replay", "application/json", body, &done); err != nil {
			return err
		}
		_, err = fmt.Fprintf(cmd.OutOrStdout(), "replayed %d\n", done.Replayed)
		return err
	}
	return cmd
}

func newDeadDropCommand(sh *shell) *cobra.Command {
	return &cobra.Command{
		Use:     "drop ID…",
		Short:   "Throw dead letters away",
		Long:    "Throw dead letters away: all that are named, as far as they are there.",
		Example: `  gatepost dead drop evt_0f3k…_7`,
		Args:    cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := sh.caller(cmd, "admin")
			if err != nil {
				return err
			}
			var failed error
			for _, id := range args {
				if err := c.callNamed(cmd.Context(), "/events/dead/drop", "id", id, nil); err != nil {
					_, _ = fmt.Fprintf(cmd.ErrOrStderr(), "gatepost: %s: %v\n", id, err)
					failed = errSaid
					continue
				}
				if _, err := fmt.Fprintf(cmd.OutOrStdout(), "dropped %s\n", id); err != nil {
					return err
				}
			}
			return failed
		},
	}
}
