package config

import (
	"time"

	"gatepost/protocol"
)

var eventKeys = []Key{
	{Env: "GATEPOST_WEBHOOK_URL", YAML: "webhook.url", Kind: "URL", Section: events,
		Doc:  "Where events go, directly: no proxy of the environment is used. None: no events (token-only use). Several endpoints: see `webhooks`.",
		read: one(func(c *Config) *string { return &c.Webhook.URL }, parseURL("https", "http")), show: showURL},
	{Env: "GATEPOST_WEBHOOK_SECRET", YAML: "webhook.secret", Kind: "list", Section: events, Secret: true,
		Doc:  "`whsec_` and base64, several separated by spaces: each signs, so that a backend can go from one to the next. Required with a URL. `gatepost secret` makes one.",
		read: readWebhookSecrets},
	{Env: "GATEPOST_WEBHOOK_EVENTS", YAML: "webhook.events", Default: "connect,message,close", Kind: "list", Section: events,
		Doc:  "Which events are sent.",
		read: many(func(c *Config) *[]protocol.EventType { return &c.Webhook.Events }, ",", oneOf(protocol.EventTypes...))},
	{Env: "GATEPOST_WEBHOOK_TIMEOUT", YAML: "webhook.timeout", Default: "10s", Kind: "duration", Section: events,
		Doc:  "How long one attempt may take; all attempts of a connect together.",
		read: one(func(c *Config) *time.Duration { return &c.Webhook.Timeout }, parseWebhookTimeout)},
	{Env: "GATEPOST_WEBHOOK_CONCURRENCY", YAML: "webhook.concurrency", Default: "64", Kind: kindNumber, Section: events,
		Doc:  "Most attempts under way at once, per endpoint and node; it begins at 8 and adapts between 1 and this.",
		read: one(func(c *Config) *int { return &c.Webhook.Concurrency }, parseConcurrency)},
	{Env: "GATEPOST_WEBHOOK_BATCH", YAML: "webhook.batch", Default: "1", Kind: kindNumber, Section: events,
		Doc:  "Most events in one POST. Above 1 the backend gets batches and answers them with `replies`.",
		read: one(func(c *Config) *int { return &c.Webhook.Batch }, parseBatch)},
	{YAML: "webhooks", Kind: "list of endpoints", Section: events,
		Doc:  "Several endpoints, in the order in which they are asked; stands instead of `GATEPOST_WEBHOOK_URL`. See [Several endpoints](#several-endpoints).",
		read: readWebhooks, show: showWebhooks},
	{Env: "GATEPOST_MESSAGE_TTL", YAML: "message_ttl", Default: "1h", Kind: "duration", Section: events,
		Doc:  "A message that waited longer, and was tried once at least, becomes a dead letter.",
		read: one(func(c *Config) *time.Duration { return &c.MessageTTL }, span(time.Second, 30*day))},
}

var (
	parseWebhookTimeout = span(10*time.Millisecond, 10*time.Minute)
	parseConcurrency    = whole(1, 10_000)
	parseBatch          = whole(1, 1000)
)
