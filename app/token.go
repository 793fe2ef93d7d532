package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"gatepost/auth"
)

func newTokenCommand(sh *shell) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "token",
		GroupID: groupTry,
		Short:   "Print a token: for a call of the API, or for a client",
		Long: `Print a token signed with the first GATEPOST_SECRET. There are two kinds, and
neither opens the other's door: an API token lets a backend call the gateway, a
client token lets a browser connect.

A backend makes its own, with any JWT library: HS256, the claims "aud", "exp" and
those below. What this prints shows how one looks.`,
	}
	cmd.AddCommand(newTokenAPICommand(sh), newTokenClientCommand(sh))
	return cmd
}

func newTokenAPICommand(sh *shell) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "api",
		Short: "Print a token for calls of the HTTP API",
		Long: `Print a token for calls of the HTTP API: aud "gatepost:api".

The scope says what it may do: push, bind, group, session, close, read, admin, or *
for everything. Each may be narrowed by what it is done to: push:group:news-*,
push:uid:42, push:all, bind:uid:…, group:room-*, close:uid:….

With --bind-… the token is good for one call only, so that it may be shown where a
wider one may not.`,
		Example: `  curl --data-raw 'hello' -H 'content-type: text/plain' \
       -H "authorization: Bearer $(gatepost token api --scope push:all)" \
       http://127.0.0.1:8080/push/all
  gatepost token api --scope 'push:group:news-* read' --ttl 1h
  gatepost token api --scope push --bind-method POST --bind-url /push/uids/42 --bind-body 'hello'`,
	}
	scope := cmd.Flags().String("scope", "push read", "what the token allows, separated by spaces")
	ttl := cmd.Flags().Duration("ttl", 10*time.Minute, "how long it lasts")
	method := cmd.Flags().String("bind-method", "", "HTTP method that the token is bound to")
	uri := cmd.Flags().String("bind-url", "", "path with query that the token is bound to, as the request line has it")
	body := cmd.Flags().String("bind-body", "", "body that the token is bound to, by its hash")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if _, err := auth.ParseScopes(*scope); err != nil {
			return wrongFlag(err)
		}
		if err := checkTTL(*ttl); err != nil {
			return err
		}
		binding := auth.CallBinding{Method: *method, URI: *uri}
		if cmd.Flags().Changed("bind-body") {
			binding.BodySHA256 = auth.BodyHash([]byte(*body))
		}
		tokens, err := sh.tokens(cmd.Context())
		if err != nil {
			return err
		}
		token, err := tokens.SignAPI(*scope, *ttl, binding)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintln(cmd.OutOrStdout(), token)
		return err
	}
	return cmd
}

func newTokenClientCommand(sh *shell) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "client",
		Short: "Print a token with which a client connects",
		Long: `Print a token with which a client connects: aud "gatepost:client". It goes into
?token=, into Authorization: Bearer, or behind "bearer" into the subprotocols.

--ttl is the time within which the client must connect; the connection then stays
for as long as it likes, or until --until has passed.`,
		Example: `  gatepost token client --uid 42 --group room-1 --group news
  gatepost token client --uid 42 --session '{"lang":"en"}' --ttl 5m --until 8h`,
	}
	uid := cmd.Flags().String("uid", "", "the application's user; none: the client has no uid")
	groups := cmd.Flags().StringArray("group", nil, "`group` that the client is in from the start; may be repeated")
	session := cmd.Flags().String("session", "", "`object` in JSON that the session begins with")
	ttl := cmd.Flags().Duration("ttl", 10*time.Minute, "how long one can connect with it")
	until := cmd.Flags().Duration("until", 0, "close the connection with 4001 so long after now")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if err := checkTTL(*ttl); err != nil {
			return err
		}
		claims := auth.ClientClaims{UID: *uid, Groups: *groups}
		if *session != "" {
			if !json.Valid([]byte(*session)) {
				return wrongUsage("--session: is not JSON")
			}
			claims.Session = json.RawMessage(*session)
		}
		if cmd.Flags().Changed("until") {
			at := time.Now().Add(*until).Unix()
			claims.Until = &at
		}
		if err := sh.takesOwnTokens(); err != nil {
			return err
		}
		tokens, err := sh.tokens(cmd.Context())
		if err != nil {
			return err
		}
		token, err := tokens.SignClient(claims, *ttl)
		if err != nil {
			return wrongFlag(err)
		}
		_, err = fmt.Fprintln(cmd.OutOrStdout(), token)
		return err
	}
	return cmd
}

// takesOwnTokens is an error where GATEPOST_CLIENT_AUDIENCE leaves out what is printed
// here.
func (sh *shell) takesOwnTokens() error {
	cfg, err := sh.settings("GATEPOST_CLIENT_AUDIENCE")
	if err == nil && !slices.Contains(cfg.ClientAudiences, auth.AudienceClient) && !slices.Contains(cfg.ClientAudiences, auth.NoAudience) {
		err = errors.New("GATEPOST_CLIENT_AUDIENCE doesn't name " + auth.AudienceClient + ": the node takes no client token that is printed here")
	}
	return err
}

// checkTTL is the error of a --ttl that no token can have.
func checkTTL(ttl time.Duration) error {
	if ttl < time.Second {
		return wrongUsage("--ttl: must be a second or longer")
	}
	return nil
}

// tokens signs with the configured secrets, for clients with the issuer that is asked
// for.
func (sh *shell) tokens(ctx context.Context) (*auth.Tokens, error) {
	cfg, err := sh.settings("GATEPOST_SECRET", "GATEPOST_CLIENT_ISSUER")
	if err != nil {
		return nil, err
	}
	return auth.NewTokens(ctx, auth.Config{Secrets: cfg.Secrets, ClientIssuers: cfg.ClientIssuers}, slog.New(slog.DiscardHandler))
}
