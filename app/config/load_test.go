package config

import (
	"log/slog"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"gatepost/protocol"

	"github.com/spf13/pflag"
)

const (
	goodSecret  = "an-hs256-secret-of-32-bytes-or-more"
	otherSecret = "another-hs256-secret-of-32-bytes-ok"
	goodWebhook = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
)

// enough is the least that a node can serve with.
var enough = []string{"GATEPOST_SECRET=" + goodSecret}

func load(t *testing.T, file string, environ []string, flags ...string) *Loaded {
	t.Helper()
	from := Sources{Environ: environ}
	if file != "" {
		from.File = filepath.Join(t.TempDir(), "gatepost.yaml")
		if err := os.WriteFile(from.File, []byte(file), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	from.Flags = pflag.NewFlagSet("test", pflag.ContinueOnError)
	AddFlags(from.Flags)
	if err := from.Flags.Parse(flags); err != nil {
		t.Fatal(err)
	}
	return Load(from)
}

func TestDefaults(t *testing.T) {
	l := load(t, "", enough)
	if err := l.Faults.Err(); err != nil {
		t.Fatal(err)
	}
	want := &Config{
		Addr: ":8080", Secrets: []string{goodSecret},
		ClientAudiences: []string{"gatepost:client"},
		WSPath:          "/ws", TokenFrom: []string{"query:token", "header", "subprotocol"}, Anonymous: true,
		Welcome: `{"type":"welcome","client_id":"{client_id}"}`,
		Webhook: Webhook{Events: protocol.EventTypes, Timeout: 10 * time.Second, Concurrency: 64, Batch: 1},

		MessageTTL: time.Hour, DataDir: "./gatepost-data", Sync: 100 * time.Millisecond, Durable: DurableClose, OutboxMax: 1 << 30,
		MaxMessage: 64 << 10, MaxPush: 256 << 10, SendQueue: 1 << 20, ClientRate: 100,
		PingInterval: 25 * time.Second, PongTimeout: 10 * time.Second, Drain: 20 * time.Second,
	}
	if !reflect.DeepEqual(l.Config, want) {
		t.Errorf("got  %+v\nwant %+v", l.Config, want)
	}
}

func TestEachSourceGoesOverTheOneBefore(t *testing.T) {
	file := "addr: :1\nclient_rate: 1\ndrain: 1s\n"
	l := load(t, file, append(enough, "GATEPOST_CLIENT_RATE=2", "GATEPOST_DRAIN=2s"), "--drain=3s")
	if err := l.Faults.Err(); err != nil {
		t.Fatal(err)
	}
	c := l.Config
	if c.Addr != ":1" || c.ClientRate != 2 || c.Drain != 3*time.Second || c.MaxMessage != 64<<10 {
		t.Errorf("got addr %s, rate %d, drain %s, message %d", c.Addr, c.ClientRate, c.Drain, c.MaxMessage)
	}
}

func TestAnEmptyValueIsNone(t *testing.T) {
	l := load(t, "origins:\nwelcome: ''\n", append(enough, "GATEPOST_WEBHOOK_URL=", "GATEPOST_ADDR="))
	if err := l.Faults.Err(); err != nil {
		t.Fatal(err)
	}
	if c := l.Config; c.Webhooks != nil || c.Addr != ":8080" || c.Welcome == "" {
		t.Errorf("got %+v", c)
	}
}

// publicKey is RFC 8410's example, section 10.1.
const publicKey = `-----BEGIN PUBLIC KEY-----
MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=
-----END PUBLIC KEY-----
`

func TestEverySettingFromTheEnvironment(t *testing.T) {
	keyFile := filepath.Join(t.TempDir(), "key.pem")
	if err := os.WriteFile(keyFile, []byte(publicKey), 0o600); err != nil {
		t.Fatal(err)
	}
	l := load(t, "", []string{
		"GATEPOST_ADDR=127.0.0.1:0", "GATEPOST_ADMIN_ADDR=[::1]:9090", "GATEPOST_SECRET=" + goodSecret + ", " + otherSecret,
		"GATEPOST_JWKS_URL=https://id.example/keys", "GATEPOST_PUBLIC_KEY_FILE=" + keyFile, "GATEPOST_JWKS_API=true",
		"GATEPOST_CLIENT_AUDIENCE=app, gatepost:client", "GATEPOST_CLIENT_ISSUER=https://id.example/", "GATEPOST_CLIENT_CLAIMS=groups,until",
		"GATEPOST_WS_PATH=/", "GATEPOST_TOKEN_FROM=query:access,header", "GATEPOST_ANONYMOUS=false",
		"GATEPOST_ORIGINS=https://a.example, https://B.example:8443", "GATEPOST_WELCOME=off",
		"GATEPOST_WEBHOOK_URL=https://app.example/hook", "GATEPOST_WEBHOOK_SECRET=" + goodWebhook,
		"GATEPOST_WEBHOOK_EVENTS=connect,close", "GATEPOST_WEBHOOK_TIMEOUT=3s", "GATEPOST_WEBHOOK_CONCURRENCY=5", "GATEPOST_WEBHOOK_BATCH=6",
		"GATEPOST_MESSAGE_TTL=2h", "GATEPOST_DATA_DIR=memory", "GATEPOST_SYNC=always", "GATEPOST_DURABLE=all", "GATEPOST_OUTBOX_MAX=1GB",
		"GATEPOST_MAX_MESSAGE=1000", "GATEPOST_MAX_PUSH=2kB", "GATEPOST_SEND_QUEUE=4KiB", "GATEPOST_CLIENT_RATE=0",
		"GATEPOST_PING_INTERVAL=1m", "GATEPOST_PONG_TIMEOUT=5s", "GATEPOST_PING_DATA=ping",
		"GATEPOST_MAX_CONNECTIONS=7", "GATEPOST_MAX_CONNECTIONS_PER_IP=3", "GATEPOST_TRUSTED_PROXIES=10.0.0.0/8,fly,192.0.2.1",
		"GATEPOST_DRAIN=0s", "GATEPOST_NODE=paris *1", "GATEPOST_CLUSTER_LISTEN=:6222", "GATEPOST_CLUSTER_PEERS=a:6222,dns:b.internal:6222",
		"GATEPOST_LOG_LEVEL=warn", "GATEPOST_LOG_FORMAT=json",
	})
	l.Faults = slices.DeleteFunc(l.Faults, func(f Fault) bool { return strings.Contains(f.Problem, "has no cluster") })
	if err := l.Faults.Err(); err != nil {
		t.Fatal(err)
	}
	c := l.Config
	if c.Webhook.Secrets.Empty() {
		t.Error("the webhook has no secret")
	}
	webhook := Webhook{Name: "default", URL: "https://app.example/hook", Secrets: c.Webhook.Secrets,
		Events: []protocol.EventType{"connect", "close"}, Timeout: 3 * time.Second, Concurrency: 5, Batch: 6}
	want := &Config{
		Addr: "127.0.0.1:0", AdminAddr: "[::1]:9090", Secrets: []string{goodSecret, otherSecret},
		JWKSURL: "https://id.example/keys", PublicKeyFile: keyFile, JWKSAPI: true,
		ClientAudiences: []string{"app", "gatepost:client"}, ClientIssuers: []string{"https://id.example/"}, ClientClaims: []string{"groups", "until"},
		WSPath: "/", TokenFrom: []string{"query:access", "header"},
		Origins: []string{"https://a.example", "https://B.example:8443"},
		Webhook: webhook, Webhooks: []Webhook{webhook}, MessageTTL: 2 * time.Hour,
		DataDir: InMemory, Sync: SyncAlways, Durable: DurableAll, OutboxMax: 1e9,
		MaxMessage: 1000, MaxPush: 2000, SendQueue: 4096,
		PingInterval: time.Minute, PongTimeout: 5 * time.Second, PingData: "ping", MaxConnections: 7, MaxConnectionsPerIP: 3,
		TrustedProxies: []string{"10.0.0.0/8", "fly", "192.0.2.1"},
		Node:           "paris *1", ClusterListen: ":6222", ClusterPeers: []string{"a:6222", "dns:b.internal:6222"},
		LogLevel: slog.LevelWarn, LogFormat: LogJSON,
	}
	if !reflect.DeepEqual(c, want) {
		t.Errorf("got  %+v\nwant %+v", c, want)
	}
	for _, k := range Keys() {
		if k.Env != "" && k.Env != "GATEPOST_NATS_URL" && k.holds == "" && l.sources[k.flat()] != "environment" {
			t.Errorf("%s was not read from the environment", k.Env)
		}
	}
}

// A level of its own and an underscore are the same, so that a name can be
// guessed from the environment's.
func TestTheFileNestsOrNot(t *testing.T) {
	for _, file := range []string{"log: {level: debug}\ncluster: {}\n", "log_level: debug\n", "log.level: debug\n", "log: {level: debug}\nmax_connections: {per_ip: 5}\n"} {
		l := load(t, file, enough)
		if err := l.Faults.Err(); err != nil || l.Config.LogLevel != slog.LevelDebug {
			t.Errorf("%q: level %v, %v", file, l.Config.LogLevel, err)
		}
	}
	l := load(t, "log: {level: debug}\nlog_level: info\n", enough)
	if len(l.Faults) != 1 || !strings.Contains(l.Faults[0].Problem, "twice") {
		t.Errorf("a value given twice: %v", l.Faults)
	}
}

func TestListsInTheFile(t *testing.T) {
	l := load(t, `
secret: [`+goodSecret+`, `+otherSecret+`]
origins:
  - https://a.example
  - https://b.example
token_from: [none]
webhook:
  url: http://127.0.0.1/
  secret: [`+goodWebhook+`, `+goodWebhook+`]
  events: [message]
heartbeats:
  - receive: '{"type":"pong"}'
  - {receive: ping, answer: pong}
`, nil)
	if err := l.Faults.Err(); err != nil {
		t.Fatal(err)
	}
	c := l.Config
	if !slices.Equal(c.Secrets, []string{goodSecret, otherSecret}) || len(c.Origins) != 2 || !slices.Equal(c.TokenFrom, []string{"none"}) {
		t.Errorf("got %+v", c)
	}
	if want := []Heartbeat{{Receive: `{"type":"pong"}`}, {Receive: "ping", Answer: new("pong")}}; !reflect.DeepEqual(c.Heartbeats, want) {
		t.Errorf("heartbeats: got %v, want %v", c.Heartbeats, want)
	}
	if len(c.Webhooks) != 1 || !slices.Equal(c.Webhooks[0].Events, []protocol.EventType{"message"}) {
		t.Errorf("webhooks: got %v", c.Webhooks)
	}
}

// What an endpoint leaves out it takes from the webhook_* settings: a secret
// belongs into the environment, the list into the file.
func TestEndpointsOfTheList(t *testing.T) {
	l := load(t, `
webhooks:
  - name: chat
    url: https://chat.example/
    path: /ws/chat/
    events: [connect, message]
    timeout: 2s
    concurrency: 4
    batch: 10
    headers: {x-tenant: chat}
  - name: rest
    url: https://rest.example/
    secrets: [`+goodWebhook+`]
`, append(enough, "GATEPOST_WEBHOOK_SECRET="+goodWebhook+" "+goodWebhook, "GATEPOST_WEBHOOK_TIMEOUT=7s"))
	if err := l.Faults.Err(); err != nil {
		t.Fatal(err)
	}
	shared, own := l.Config.Webhook.Secrets, l.Config.Webhooks[1].Secrets
	want := []Webhook{
		{Name: "chat", URL: "https://chat.example/", Secrets: shared, Events: []protocol.EventType{"connect", "message"},
			Path: "/ws/chat", Timeout: 2 * time.Second, Concurrency: 4, Batch: 10, Headers: map[string]string{"X-Tenant": "chat"}},
		{Name: "rest", URL: "https://rest.example/", Secrets: own, Events: protocol.EventTypes,
			Timeout: 7 * time.Second, Concurrency: 64, Batch: 1},
	}
	if !reflect.DeepEqual(l.Config.Webhooks, want) {
		t.Errorf("got  %+v\nwant %+v", l.Config.Webhooks, want)
	}
	at := time.Unix(1, 0)
	if n := len(strings.Fields(own.Sign("evt_1", at, nil))); n != 1 {
		t.Errorf("the endpoint's own secrets make %d signatures, want 1", n)
	}
}
