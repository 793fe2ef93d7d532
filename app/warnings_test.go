package main

import (
	"strings"
	"testing"

	"gatepost/app/config"
)

// A star below a name under which anybody can have a host is most likely a mistake.
func TestWarningsOfOrigins(t *testing.T) {
	for origins, suffix := range map[string]string{
		"https://*.vercel.app":                          "vercel.app",
		"https://www.example.com,https://*.github.io:*": "github.io",
		"https://*.example.com,http://*.localhost:*":    "",
		"https://app.vercel.app":                        "",
	} {
		loaded := config.Load(config.Sources{Environ: []string{"GATEPOST_SECRET=" + testSecret, "GATEPOST_ORIGINS=" + origins}})
		if err := loaded.Faults.Err(); err != nil {
			t.Fatal(err)
		}
		found := ""
		for _, warning := range warnings(loaded) {
			if strings.Contains(warning, "GATEPOST_ORIGINS") {
				found = warning
			}
		}
		if (found == "") != (suffix == "") || !strings.Contains(found, suffix) {
			t.Errorf("%s: the warning is %q, want one of %q", origins, found, suffix)
		}
	}
}

// Webhook secrets are separated by spaces, these by commas: a token has no such name.
func TestWarningsOfSpaces(t *testing.T) {
	for _, env := range []string{"GATEPOST_CLIENT_AUDIENCE", "GATEPOST_CLIENT_ISSUER"} {
		for value, warned := range map[string]bool{"app gatepost:client": true, "app, gatepost:client": false, "app": false} {
			loaded := config.Load(config.Sources{Environ: []string{"GATEPOST_SECRET=" + testSecret, env + "=" + value}})
			if err := loaded.Faults.Err(); err != nil {
				t.Fatal(err)
			}
			if got := strings.Contains(strings.Join(warnings(loaded), "\n"), env+` has "app gatepost:client"`); got != warned {
				t.Errorf("%s=%s: warned is %v, want %v", env, value, got, warned)
			}
		}
	}
}
