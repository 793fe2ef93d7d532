package config

import (
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"gatepost/auth"
	"gatepost/protocol"
	"gatepost/web"
	"gatepost/web/ws"
)

// parseText reads text that is sent or shown as it is.
func parseText(s string) (string, error) {
	if !utf8.ValidString(s) {
		return "", errors.New("is not UTF-8")
	}
	return s, nil
}

func readSecrets(c *Config, v any) error {
	secrets, err := elements(v, ",")
	if err != nil {
		return err
	}
	faults := auth.CheckSecrets(secrets)
	if faults == nil {
		c.Secrets = secrets
	}
	for i, fault := range faults {
		faults[i] = fmt.Errorf("%w (gatepost secret makes one)", fault)
	}
	return errors.Join(faults...)
}

func readWebhookSecrets(c *Config, v any) error {
	secrets, err := parseWebhookSecrets(v)
	if err == nil {
		c.Webhook.Secrets = secrets
	}
	return err
}

func parseWebhookSecrets(v any) (auth.WebhookSecrets, error) {
	texts, err := elements(v, " ")
	if err != nil {
		return auth.WebhookSecrets{}, err
	}
	secrets, err := auth.ParseWebhookSecrets(strings.Join(texts, " "))
	if err != nil {
		return secrets, fmt.Errorf("%w (gatepost secret makes one)", err)
	}
	return secrets, nil
}

// webhookSecretsIn reads the secrets in a file.
func webhookSecretsIn(path string) (auth.WebhookSecrets, error) {
	v, err := readSecretFile(path)
	if err != nil {
		return auth.WebhookSecrets{}, err
	}
	return parseWebhookSecrets(v)
}

// parseKeyFile reads the name of a file of public keys.
func parseKeyFile(s string) (string, error) {
	if err := auth.CheckKeyFile(s); err != nil {
		return "", fmt.Errorf("can't be read: %w", err)
	}
	return s, nil
}

// parseSocketPath reads the path of sockets, below which there is nothing else.
func parseSocketPath(s string) (string, error) {
	s, err := parsePath(s)
	if err == nil && web.Serves(s) {
		err = fmt.Errorf("%q is where the API has its calls", s)
	}
	return s, err
}

func parsePath(s string) (string, error) {
	switch {
	case !strings.HasPrefix(s, "/"):
		return "", fmt.Errorf("%q does not begin with /", s)
	case strings.ContainsAny(s, "?#%") || strings.Contains(s, "//") || !utf8.ValidString(s):
		return "", fmt.Errorf("%q is not a plain path such as /ws", s)
	case s != "/":
		s = strings.TrimSuffix(s, "/")
	}
	return s, nil
}

// parseWelcome reads the welcome's template; off is none.
func parseWelcome(s string) (string, error) {
	if s == "off" {
		return "", nil
	}
	return parseText(s)
}

// parseSync reads how often the store is synced.
func parseSync(s string) (time.Duration, error) {
	if s == "always" {
		return SyncAlways, nil
	}
	d, err := span(time.Millisecond, time.Minute)(s)
	if err != nil {
		return 0, fmt.Errorf("%w; always is allowed too", err)
	}
	return d, nil
}

// parseNode reads a node's name: what any name may be.
func parseNode(s string) (string, error) {
	if err := protocol.CheckName("", s); err != nil {
		return "", err
	}
	return s, nil
}

func parseLevel(s string) (slog.Level, error) {
	levels := map[string]slog.Level{"debug": slog.LevelDebug, "info": slog.LevelInfo, "warn": slog.LevelWarn, "error": slog.LevelError}
	if level, ok := levels[s]; ok {
		return level, nil
	}
	return 0, fmt.Errorf("%q is none of debug, info, warn, error", s)
}

func checkProxy(s string) error {
	_, err := web.ParseProxies([]string{s})
	return err
}

func readClientAudience(c *Config, v any) error {
	if err := many(func(c *Config) *[]string { return &c.ClientAudiences }, ",", parseText)(c, v); err != nil {
		return err
	}
	return auth.CheckClientAudiences(c.ClientAudiences)
}

func readTokenFrom(c *Config, v any) error {
	at := func(c *Config) *[]string { return &c.TokenFrom }
	if err := many(at, ",", checked(ws.CheckTokenPlace))(c, v); err != nil {
		return err
	}
	if len(c.TokenFrom) > 1 && slices.Contains(c.TokenFrom, noToken) {
		return errors.New("names none beside other places")
	}
	return nil
}

// noToken as the only place of Config.TokenFrom: no token is looked for.
const noToken = "none"

// checked reads text that needs no parsing, only a check.
func checked(check func(string) error) func(string) (string, error) {
	return func(s string) (string, error) { return s, check(s) }
}
