package main

import (
	"fmt"
	"net"
	"slices"
	"strings"

	"gatepost/app/config"
	"gatepost/auth"
	"gatepost/protocol"
	"gatepost/web/ws"
)

// warnings are what a node can run with, but its operator may not have meant.
func warnings(l *config.Loaded) []string {
	var list []string
	c := l.Config
	if len(c.Webhooks) == 0 {
		list = append(list, "no webhook is configured: events go nowhere, and only tokens decide who connects")
	}
	if c.Anonymous && !decidesConnects(c.Webhooks) {
		list = append(list, "GATEPOST_ANONYMOUS is true and no webhook gets connect events: anyone may connect")
	}
	if c.JWKSAPI && !slices.Equal(c.ClientAudiences, []string{auth.AudienceClient}) {
		list = append(list, "GATEPOST_JWKS_API is true, and GATEPOST_CLIENT_AUDIENCE names an identity provider's: whoever can have it sign a token for gatepost:api is an administrator")
	}
	for env, entries := range map[string][]string{"GATEPOST_CLIENT_AUDIENCE": c.ClientAudiences, "GATEPOST_CLIENT_ISSUER": c.ClientIssuers} {
		for _, entry := range entries {
			if strings.Contains(entry, " ") {
				list = append(list, fmt.Sprintf("%s has %q, which is one name with a space in it: commas separate several", env, entry))
			}
		}
	}
	for _, entry := range c.Origins {
		if suffix := ws.SharedSuffix(entry); suffix != "" {
			list = append(list, fmt.Sprintf("GATEPOST_ORIGINS has %s, but below %s anybody can have a host: name your own", entry, suffix))
		}
	}
	if c.AdminAddr != "" && everywhere(c.AdminAddr) {
		list = append(list, "GATEPOST_ADMIN_ADDR listens on all addresses, and asks for no token: keep its port private")
	}
	if !keeps(c) {
		for _, env := range []string{"GATEPOST_SYNC", "GATEPOST_DURABLE", "GATEPOST_OUTBOX_MAX"} {
			if l.Given(env) {
				list = append(list, env+" has little effect: GATEPOST_DATA_DIR is memory, which keeps nothing")
			}
		}
	}
	if few := fewFiles(c, openFiles()); few != "" {
		list = append(list, few)
	}
	return list
}

// fewFiles says that so many open files (0: any number) are too few for the clients that are configured; empty: they aren't.
func fewFiles(c *config.Config, files uint64) string {
	room := roomFor(c.MaxConnections, files)
	if room >= c.MaxConnections {
		return ""
	}
	return fmt.Sprintf("GATEPOST_MAX_CONNECTIONS is %d, but this process may open only %d files, which leaves room for %d clients; raise the limit (ulimit -n)", c.MaxConnections, files, room)
}

func decidesConnects(webhooks []config.Webhook) bool {
	return slices.ContainsFunc(webhooks, func(w config.Webhook) bool { return slices.Contains(w.Events, protocol.Connect) })
}

func everywhere(addr string) bool {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return false
	}
	ip := net.ParseIP(host)
	return host == "" || ip != nil && ip.IsUnspecified()
}
