package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"gatepost/app/config"
	"gatepost/auth"
	"gatepost/protocol"
)

const (
	defaultURL  = "http://127.0.0.1:8080"
	callTimeout = 30 * time.Second
	// maxAnswer is far above the largest page of the API.
	maxAnswer = 64 << 20
)

// caller calls a running gateway's API.
type caller struct {
	base  string
	token string
	made  bool // the token was made here, from GATEPOST_SECRET
	http  *http.Client

	warn io.Writer // where it is told that an answer isn't whole
	told string    // the nodes that were told there
}

// callHelp says, in the help text of each command that calls, how it finds the
// gateway.
const callHelp = `

The gateway is found at GATEPOST_URL (default ` + defaultURL + `). It is called with
GATEPOST_TOKEN or, where that is empty, with a token made for this one call from
GATEPOST_SECRET. Each may stand in a file: GATEPOST_TOKEN_FILE, GATEPOST_SECRET_FILE.`

// caller is ready to call, with a token of at least this scope.
func (sh *shell) caller(cmd *cobra.Command, scope string) (*caller, error) {
	base := sh.getenv("GATEPOST_URL")
	if base == "" {
		base = defaultURL
	}
	u, err := url.Parse(base)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" || u.RawQuery != "" {
		return nil, wrongUsage("GATEPOST_URL is not a URL such as %s", defaultURL)
	}
	token, err := sh.callToken()
	if err != nil {
		return nil, err
	}
	c := &caller{base: strings.TrimSuffix(base, "/"), token: token, http: directClient(callTimeout), warn: cmd.ErrOrStderr()}
	if c.token != "" {
		return c, nil
	}
	tokens, err := sh.tokens(cmd.Context())
	if errors.Is(err, auth.ErrNoSecret) || isMissing(err) {
		return nil, errors.New("there is neither GATEPOST_TOKEN nor GATEPOST_SECRET to call the gateway with; give one, the secret as the gateway has it")
	}
	if err != nil {
		return nil, fmt.Errorf("there is no GATEPOST_TOKEN, and no token can be made: %w", err)
	}
	c.made = true
	c.token, err = tokens.SignAPI(scope, time.Minute, auth.CallBinding{})
	return c, err
}

// callToken is the token of the environment, or of a file that it names; empty: none.
func (sh *shell) callToken() (string, error) {
	token, path := strings.TrimSpace(sh.getenv("GATEPOST_TOKEN")), sh.getenv("GATEPOST_TOKEN_FILE")
	switch {
	case path == "":
		return token, nil
	case token != "":
		return "", wrongUsage("GATEPOST_TOKEN_FILE stands beside GATEPOST_TOKEN; one of the two is expected")
	}
	token, err := config.ReadSecret(path)
	if err != nil {
		return "", fmt.Errorf("GATEPOST_TOKEN_FILE: %w", err)
	}
	return token, nil
}

// isMissing reports whether nothing is wrong but a setting that nobody gave.
func isMissing(err error) bool {
	var faults config.Faults
	return errors.As(err, &faults) && len(faults) == 1 && faults[0].Env != "" && faults[0].Source == ""
}

// directClient follows no redirect, so that a token goes nowhere else.
func directClient(timeout time.Duration) *http.Client {
	return &http.Client{
		Timeout:       timeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport:     &http.Transport{DialContext: (&net.Dialer{Timeout: 5 * time.Second}).DialContext},
	}
}

// call makes one call and reads the JSON of its answer into to, unless that is
// nil. path is encoded already. An answer that isn't 2xx is an error with the
// problem's words.
func (c *caller) call(ctx context.Context, method, path, contentType string, body []byte, to any) error {
	req, err := http.NewRequestWithContext(ctx, method, c.base+path, bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+c.token)
	if body != nil {
		req.Header.Set("Content-Type", contentType)
	}
	res, err := c.http.Do(req)
	if err != nil {
		return fmt.Errorf("no answer from a gateway at %s://%s (GATEPOST_URL says where it is): %w", req.URL.Scheme, req.URL.Host, errors.Unwrap(err))
	}
	defer func() { _ = res.Body.Close() }()
	answer, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer))
	if err != nil {
		return err
	}
	if res.StatusCode/100 != 2 {
		err := refusal(res, answer)
		if res.StatusCode == http.StatusUnauthorized && c.made {
			err = fmt.Errorf("%w (the token was made from GATEPOST_SECRET here; is it the gateway's?)", err)
		}
		return err
	}
	c.tellPartial(res.Header.Get(protocol.PartialHeader))
	if to == nil {
		return nil
	}
	if err := json.Unmarshal(answer, to); err != nil {
		return fmt.Errorf("the gateway's answer can't be read: %w", err)
	}
	return nil
}

// callNamed is a call on one thing, which its body names: a proxy would decode a path.
func (c *caller) callNamed(ctx context.Context, path, field, name string, to any) error {
	body, err := json.Marshal(map[string]string{field: name})
	if err != nil {
		return err
	}
	return c.call(ctx, http.MethodPost, path, "application/json", body, to)
}

// tellPartial says, once, which nodes an answer is without.
func (c *caller) tellPartial(nodes string) {
	if nodes == "" || nodes == c.told {
		return
	}
	c.told = nodes
	if plain, err := url.PathUnescape(nodes); err == nil {
		nodes = plain
	}
	_, _ = fmt.Fprintf(c.warn, "gatepost: this is without the part of nodes that didn't answer: %s\n", printable(nodes))
}

// refusal is what a problem says (RFC 9457), or as much as is known.
func refusal(res *http.Response, answer []byte) error {
	var problem struct {
		Code   string `json:"code"`
		Detail string `json:"detail"`
		Field  string `json:"field"`
	}
	if json.Unmarshal(answer, &problem) != nil || problem.Detail == "" {
		return fmt.Errorf("the gateway answered %s", res.Status)
	}
	if problem.Field != "" {
		problem.Detail = problem.Field + ": " + problem.Detail
	}
	return fmt.Errorf("the gateway answered %d %s: %s", res.StatusCode, problem.Code, problem.Detail)
}

func (c *caller) get(ctx context.Context, path string, to any) error {
	return c.call(ctx, http.MethodGet, path, "", nil, to)
}

// list reads the pages of a list until there are limit rows; more says that the
// list may go on. name is the field of the answer that holds the rows.
func list[T any](ctx context.Context, c *caller, path, name string, query url.Values, limit uint) (rows []T, more bool, err error) {
	rows = []T{}
	if limit < 1 {
		return nil, false, wrongUsage("--limit: must be 1 or more")
	}
	for more = true; more && uint(len(rows)) < limit; {
		query.Set("limit", strconv.FormatUint(uint64(min(limit-uint(len(rows)), protocol.MaxPage)), 10))
		var page map[string]json.RawMessage
		if err := c.get(ctx, path+"?"+query.Encode(), &page); err != nil {
			return nil, false, err
		}
		var (
			some   []T
			cursor *string
		)
		if err := errors.Join(json.Unmarshal(page[name], &some), json.Unmarshal(page["cursor"], &cursor)); err != nil {
			return nil, false, fmt.Errorf("the gateway's answer can't be read: %w", err)
		}
		rows = append(rows, some...)
		if more = cursor != nil; more {
			query.Set("cursor", *cursor)
		}
	}
	return rows, more, nil
}

// limitFlag adds --limit, for list.
func limitFlag(cmd *cobra.Command) *uint {
	return cmd.Flags().Uint("limit", protocol.DefaultPage, "how many to list at most")
}

// sayMore tells that a list goes on.
func sayMore(cmd *cobra.Command, more bool, n int) {
	if more {
		_, _ = fmt.Fprintf(cmd.ErrOrStderr(), "there may be more than these %d; see --limit\n", n)
	}
}

// jsonFlag adds --json: print the answer for programs.
func jsonFlag(cmd *cobra.Command) *bool {
	return cmd.Flags().Bool("json", false, "print JSON instead of a table")
}
