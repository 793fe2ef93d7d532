package config

import (
	"fmt"
	"slices"

	"gatepost/auth"
)

// maxPushAmongNodes is the largest message that nodes pass on: what the bus takes at
// once, 8 MiB, without the longest list of receivers.
const maxPushAmongNodes = 6 << 20

// check finds what is wrong between settings, and completes the endpoints.
func (l *Loaded) check() {
	c := l.Config
	asymmetric := l.given("jwks_url") || l.given("public_key_file")
	switch {
	case len(c.Secrets) > 0 || l.faulty("secret"):
	case c.Clustered():
		l.found("secret", "is missing; a cluster needs one (gatepost secret makes one)")
	case !asymmetric:
		l.found("secret", "is missing; without it and without GATEPOST_JWKS_URL or GATEPOST_PUBLIC_KEY_FILE no token can be verified (gatepost secret makes one)")
	}
	if c.JWKSAPI && !asymmetric {
		l.found("jwks_api", "is true, but there is neither GATEPOST_JWKS_URL nor GATEPOST_PUBLIC_KEY_FILE")
	}
	if !c.Anonymous && slices.Equal(c.TokenFrom, []string{noToken}) && !l.faulty("token_from") {
		l.found("anonymous", "is false, but GATEPOST_TOKEN_FROM is none: no client could connect")
	}
	if slices.Contains(c.ClientAudiences, auth.NoAudience) && len(c.ClientIssuers) == 0 && !l.faulty("client_audience") && !l.faulty("client_issuer") {
		l.found("client_audience", "is none, which needs GATEPOST_CLIENT_ISSUER: without both a token that the same keys signed for anybody's application opens the door")
	}
	l.checkQueue()
	if c.Clustered() && c.MaxPush > maxPushAmongNodes && !l.faulty("max_push") {
		l.found("max_push", fmt.Sprintf("has %d bytes; among the nodes of a cluster a message of at most %s travels", c.MaxPush, sizeText(maxPushAmongNodes)))
	}
	l.checkWebhooks()
	if l.given("nats_url") && (l.given("cluster_listen") || l.given("cluster_peers")) {
		l.found("nats_url", "stands instead of GATEPOST_CLUSTER_LISTEN and GATEPOST_CLUSTER_PEERS; one of the two is expected")
	}
	if l.given("cluster_peers") && !l.given("cluster_listen") {
		l.found("cluster_listen", "is missing; GATEPOST_CLUSTER_PEERS need it")
	}
}

// checkQueue sees to it that no single frame fills a client's send queue.
func (l *Loaded) checkQueue() {
	half := l.Config.SendQueue / 2
	if l.faulty("send_queue") {
		return
	}
	for _, frame := range []struct {
		name  string
		bytes int
	}{
		{"max_push", l.Config.MaxPush}, {"welcome", len(l.Config.Welcome)}, {"ping_data", len(l.Config.PingData)},
	} {
		if frame.bytes > half && !l.faulty(frame.name) {
			l.found(frame.name, fmt.Sprintf("has %d bytes, more than half of GATEPOST_SEND_QUEUE (%s)",
				frame.bytes, sizeText(int64(l.Config.SendQueue))))
		}
	}
	for i, h := range l.Config.Heartbeats {
		if h.Answer != nil && len(*h.Answer) > half && !l.faulty("heartbeats") {
			l.Faults = append(l.Faults, Fault{YAML: fmt.Sprintf("heartbeats[%d].answer", i), Source: l.sources["heartbeats"],
				Problem: fmt.Sprintf("has %d bytes, more than half of GATEPOST_SEND_QUEUE (%s)", len(*h.Answer), sizeText(int64(l.Config.SendQueue)))})
		}
	}
}

// checkWebhooks makes the one endpoint of the webhook_* settings, or lets those
// of the list take from them what they leave out.
func (l *Loaded) checkWebhooks() {
	c := l.Config
	if !l.given("webhooks") {
		if c.Webhook.URL == "" {
			return
		}
		if c.Webhook.Secrets.Empty() && !l.faulty("webhook_secret") {
			l.found("webhook_secret", "is missing; GATEPOST_WEBHOOK_URL needs one (gatepost secret makes one)")
		}
		c.Webhook.Name = "default"
		c.Webhooks = []Webhook{c.Webhook}
		return
	}
	if l.given("webhook_url") {
		l.found("webhook_url", "stands beside webhooks; one of the two is expected")
	}
	for i := range c.Webhooks {
		w := &c.Webhooks[i]
		if w.Secrets.Empty() {
			w.Secrets = c.Webhook.Secrets
		}
		if w.Events == nil {
			w.Events = slices.Clone(c.Webhook.Events)
		}
		if w.Timeout == 0 {
			w.Timeout = c.Webhook.Timeout
		}
		if w.Concurrency == 0 {
			w.Concurrency = c.Webhook.Concurrency
		}
		if w.Batch == 0 {
			w.Batch = c.Webhook.Batch
		}
		if w.Secrets.Empty() && !l.faulty("webhooks") && !l.faulty("webhook_secret") {
			l.Faults = append(l.Faults, Fault{YAML: fmt.Sprintf("webhooks[%d].secrets", i), Source: l.sources["webhooks"],
				Problem: "is missing, and there is no GATEPOST_WEBHOOK_SECRET"})
		}
	}
}

// Given reports whether the file, the environment or a flag has the setting with
// this environment name.
func (l *Loaded) Given(env string) bool {
	return slices.ContainsFunc(keys, func(k Key) bool { return k.Env == env && l.given(k.flat()) })
}

// given reports whether a source other than the defaults has the setting.
func (l *Loaded) given(flat string) bool {
	source, ok := l.sources[flat]
	return ok && source != "default"
}

// faulty reports whether the setting, or the file that holds it, couldn't be read.
func (l *Loaded) faulty(flat string) bool {
	return slices.ContainsFunc(keys, func(k Key) bool {
		return (k.flat() == flat || k.holds == flat) &&
			slices.ContainsFunc(l.Faults, func(f Fault) bool { return rank(f) == rank(Fault{Env: k.Env, YAML: k.YAML}) })
	})
}

// found adds a fault of the setting.
func (l *Loaded) found(flat, problem string) {
	k := keyOf(flat)
	source := ""
	if l.given(flat) {
		source = l.sources[flat]
	}
	l.Faults = append(l.Faults, Fault{Env: k.Env, YAML: k.YAML, Source: source, Problem: problem})
}

func keyOf(flat string) Key {
	return keys[slices.IndexFunc(keys, func(k Key) bool { return k.flat() == flat })]
}
