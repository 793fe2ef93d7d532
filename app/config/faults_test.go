package config

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestFaults(t *testing.T) {
	for name, test := range map[string]struct {
		file    string
		environ []string
		flags   []string
		want    []string // begin of each fault, in order
	}{
		"nothing at all": {want: []string{
			"GATEPOST_SECRET (secret): is missing"}},
		"keys instead of a secret": {environ: []string{"GATEPOST_JWKS_URL=https://id.example/keys"}},
		"short secrets": {environ: []string{"GATEPOST_SECRET=too-short," + goodSecret + ",12345678901234567890123456789012,also-short"}, want: []string{
			"GATEPOST_SECRET (secret), from environment: secret 1 of 4 has 9 bytes",
			"GATEPOST_SECRET (secret), from environment: secret 4 of 4 has 10 bytes"}},
		"an empty list of secrets": {environ: []string{"GATEPOST_SECRET=,"}, want: []string{
			"GATEPOST_SECRET (secret), from environment: names nothing"}},
		"unknown names, from everywhere": {
			file:    "adr: :80\nlog: {levle: debug}\nwebhook: {urls: []}\n",
			environ: append(enough, "GATEPOST_ADRR=:80", "GATEPOST_URL=x", "GATEPOST_TOKEN=y", "PATH=/bin"), want: []string{
				"GATEPOST_ADRR, from environment: is not known",
				"adr, from gatepost.yaml: is not known",
				"log_levle, from gatepost.yaml: is not known",
				"webhook_urls, from gatepost.yaml: is not known"}},
		"what Kubernetes sets beside a service named gatepost": {environ: append(enough,
			"GATEPOST_SERVICE_HOST=10.0.0.1", "GATEPOST_SERVICE_PORT=8080", "GATEPOST_SERVICE_PORT_HTTP=8080", "GATEPOST_PORT=tcp://10.0.0.1:8080",
			"GATEPOST_PORT_8080_TCP=tcp://10.0.0.1:8080", "GATEPOST_PORT_8080_TCP_PROTO=tcp", "GATEPOST_ADMIN_SERVICE_HOST=10.0.0.2")},
		"but a port that someone means": {environ: append(enough, "GATEPOST_PORT=9000"), want: []string{
			"GATEPOST_PORT, from environment: is not known"}},
		"values of the wrong form": {environ: append(enough,
			"GATEPOST_ADDR=8080", "GATEPOST_ADMIN_ADDR=localhost:http", "GATEPOST_TRUSTED_PROXIES=10.0.0.0/8,example.com,300.1.1.1",
			"GATEPOST_JWKS_URL=ftp://id.example", "GATEPOST_PUBLIC_KEY_FILE=/nonexistent/key.pem", "GATEPOST_JWKS_API=yes",
			"GATEPOST_TOKEN_FROM=query,cookie", "GATEPOST_ANONYMOUS=1", "GATEPOST_WS_PATH=ws", "GATEPOST_ORIGINS=example.com",
			"GATEPOST_PING_INTERVAL=25", "GATEPOST_PONG_TIMEOUT=-1s", "GATEPOST_MAX_MESSAGE=64kb", "GATEPOST_CLIENT_RATE=many", "GATEPOST_MAX_CONNECTIONS=-1",
			"GATEPOST_WEBHOOK_URL=app.example/hook", "GATEPOST_WEBHOOK_SECRET=secret", "GATEPOST_WEBHOOK_EVENTS=connect,open",
			"GATEPOST_WEBHOOK_TIMEOUT=0s", "GATEPOST_WEBHOOK_CONCURRENCY=0", "GATEPOST_WEBHOOK_BATCH=1001", "GATEPOST_MESSAGE_TTL=1d",
			"GATEPOST_SYNC=never", "GATEPOST_DURABLE=none", "GATEPOST_OUTBOX_MAX=1KiB", "GATEPOST_DRAIN=2h", "GATEPOST_NODE=a\tb",
			"GATEPOST_LOG_LEVEL=trace", "GATEPOST_LOG_FORMAT=xml"), want: []string{
			`GATEPOST_ADDR (addr), from environment: "8080" is not host:port`,
			"GATEPOST_ADMIN_ADDR (admin_addr), from environment: ",
			`GATEPOST_TRUSTED_PROXIES (trusted_proxies), from environment: "example.com" is neither`,
			`GATEPOST_TRUSTED_PROXIES (trusted_proxies), from environment: "300.1.1.1" is neither`,
			"GATEPOST_JWKS_URL (jwks_url), from environment: must be a URL that begins with https:// or http://",
			"GATEPOST_PUBLIC_KEY_FILE (public_key_file), from environment: can't be read",
			`GATEPOST_JWKS_API (jwks_api), from environment: "yes" is neither true nor false`,
			`GATEPOST_TOKEN_FROM (token_from), from environment: "query" is no place`,
			`GATEPOST_TOKEN_FROM (token_from), from environment: "cookie" is no place`,
			"GATEPOST_ANONYMOUS (anonymous), from environment: ",
			"GATEPOST_WS_PATH (ws_path), from environment: ",
			`GATEPOST_ORIGINS (origins), from environment: "example.com" is no origin`,
			`GATEPOST_PING_INTERVAL (ping_interval), from environment: "25" is not a duration`,
			"GATEPOST_PONG_TIMEOUT (pong_timeout), from environment: -1s is not from",
			`GATEPOST_MAX_MESSAGE (max_message), from environment: "64kb" is not a size`,
			`GATEPOST_CLIENT_RATE (client_rate), from environment: "many" is not a whole number`,
			"GATEPOST_MAX_CONNECTIONS (max_connections), from environment: -1 is not from 0",
			"GATEPOST_WEBHOOK_URL (webhook.url), from environment: must be a URL",
			"GATEPOST_WEBHOOK_SECRET (webhook.secret), from environment: webhook secret 1 of 1 does not begin with whsec_",
			`GATEPOST_WEBHOOK_EVENTS (webhook.events), from environment: "open" is none of connect, message, close`,
			"GATEPOST_WEBHOOK_TIMEOUT (webhook.timeout), from environment: ",
			"GATEPOST_WEBHOOK_CONCURRENCY (webhook.concurrency), from environment: 0 is not from 1",
			"GATEPOST_WEBHOOK_BATCH (webhook.batch), from environment: 1001 is not from 1 to 1000",
			"GATEPOST_MESSAGE_TTL (message_ttl), from environment: ",
			`GATEPOST_SYNC (sync), from environment: "never" is not a duration`,
			`GATEPOST_DURABLE (durable), from environment: "none" is none of close, all`,
			"GATEPOST_OUTBOX_MAX (outbox_max), from environment: 1KiB is not from 1MiB to 64TiB",
			"GATEPOST_DRAIN (drain), from environment: ",
			"GATEPOST_NODE (node), from environment: has the control character",
			`GATEPOST_LOG_LEVEL (log.level), from environment: "trace" is none of`,
			`GATEPOST_LOG_FORMAT (log.format), from environment: "xml" is none of text, json`}},
		"an outbox larger than any number of bytes that the store can count": {environ: append(enough, "GATEPOST_OUTBOX_MAX=4000000TiB"), want: []string{
			"GATEPOST_OUTBOX_MAX (outbox_max), from environment: 4000000TiB is not from 1MiB to 64TiB"}},
		"none beside other places": {environ: append(enough, "GATEPOST_TOKEN_FROM=header,none"), want: []string{
			"GATEPOST_TOKEN_FROM (token_from), from environment: names none beside"}},
		"nobody could connect": {flags: []string{"--anonymous=false", "--token-from=none"}, environ: enough, want: []string{
			"GATEPOST_ANONYMOUS (anonymous), from flag: is false, but"}},
		"keys for the API that aren't there": {flags: []string{"--jwks-api"}, environ: enough, want: []string{
			"GATEPOST_JWKS_API (jwks_api), from flag: is true, but"}},
		"one push larger than half the queue": {environ: append(enough, "GATEPOST_SEND_QUEUE=511KiB"), want: []string{
			"GATEPOST_MAX_PUSH (max_push): has 262144 bytes, more than half of GATEPOST_SEND_QUEUE (511KiB)"}},
		"exactly half the queue": {environ: append(enough, "GATEPOST_SEND_QUEUE=512KiB")},
		"a welcome and ping larger than that": {environ: append(enough, "GATEPOST_SEND_QUEUE=20", "GATEPOST_MAX_PUSH=10", "GATEPOST_PING_DATA=elevenbytes"), want: []string{
			"GATEPOST_WELCOME (welcome): has", "GATEPOST_PING_DATA (ping_data), from environment: has 11 bytes"}},
		"the API's audience for clients": {environ: append(enough, "GATEPOST_CLIENT_AUDIENCE=app,gatepost:api"), want: []string{
			"GATEPOST_CLIENT_AUDIENCE (client_audience), from environment: has gatepost:api, which is the API's"}},
		"no audience for clients": {environ: append(enough, "GATEPOST_CLIENT_AUDIENCE=none"), want: []string{
			"GATEPOST_CLIENT_AUDIENCE (client_audience), from environment: is none, which needs GATEPOST_CLIENT_ISSUER"}},
		"no audience beside one":               {environ: append(enough, "GATEPOST_CLIENT_AUDIENCE=none,app", "GATEPOST_CLIENT_ISSUER=https://id.example"), want: []string{"GATEPOST_CLIENT_AUDIENCE (client_audience), from environment: names none beside others"}},
		"no audience for clients of an issuer": {environ: append(enough, "GATEPOST_CLIENT_AUDIENCE=none", "GATEPOST_CLIENT_ISSUER=https://id.example")},
		"claims that can't count":              {environ: append(enough, "GATEPOST_CLIENT_CLAIMS=groups,roles"), want: []string{`GATEPOST_CLIENT_CLAIMS (client_claims), from environment: "roles" is none of groups, session, until`}},
		"a webhook without a secret": {environ: append(enough, "GATEPOST_WEBHOOK_URL=http://app.example"), want: []string{
			"GATEPOST_WEBHOOK_SECRET (webhook.secret): is missing"}},
		"a webhook beside the list": {
			file:    "webhooks: [{name: a, url: http://a.example}]",
			environ: append(enough, "GATEPOST_WEBHOOK_URL=http://app.example", "GATEPOST_WEBHOOK_SECRET="+goodWebhook), want: []string{
				"GATEPOST_WEBHOOK_URL (webhook.url), from environment: stands beside webhooks"}},
		"endpoints": {environ: enough, file: `
webhooks:
  - name: Bad Name
    url: "http://user:hunter2@[::1"
    path: chat
    events: [open]
    timeout: soon
    batch: 0
    secret: whsec_hunter2
    headers: {webhook-id: x, "bad name": y, x-ok: z, x-bad: "a\nb", x-list: [a]}
  - name: twice
    url: http://a.example
  - name: twice
    url: http://a.example
    secrets: hunter2
  - just text
`, want: []string{
			`webhooks[0].name, from gatepost.yaml: "Bad Name" is not`,
			"webhooks[0].url, from gatepost.yaml: is not a URL",
			"webhooks[0].path", "webhooks[0].timeout", "webhooks[0].batch", `webhooks[0].events, from gatepost.yaml: "open" is none of`,
			"webhooks[0].headers.bad name", "webhooks[0].headers.webhook-id, from gatepost.yaml: is set by the gateway itself",
			"webhooks[0].headers.x-bad", "webhooks[0].headers.x-list",
			"webhooks[0].secret, from gatepost.yaml: is not known",
			`webhooks[2].name, from gatepost.yaml: "twice" is taken`,
			"webhooks[2].secrets, from gatepost.yaml: webhook secret 1 of 1 does not begin",
			"webhooks[3], from gatepost.yaml: must be a map"}},
		"an endpoint without any secret": {environ: enough, file: "webhooks: [{name: a, url: http://a.example}]", want: []string{
			"webhooks[0].secrets, from gatepost.yaml: is missing, and there is no GATEPOST_WEBHOOK_SECRET"}},
		"an empty endpoint": {environ: enough, file: "webhooks: [{}]", want: []string{
			"webhooks[0].name, from gatepost.yaml: is missing", "webhooks[0].url, from gatepost.yaml: is missing"}},
		"heartbeats": {environ: enough, file: "heartbeats: [{answer: pong}, {receive: ping, reply: pong}]", want: []string{
			"heartbeats[0].receive, from gatepost.yaml: is missing", "heartbeats[1].reply, from gatepost.yaml: is not known"}},
		"heartbeats twice": {environ: enough,
			file: "heartbeats: [{receive: a}, {receive: a, answer: b}]", want: []string{
				`heartbeats[1].receive, from gatepost.yaml: "a" is taken by an earlier heartbeat`}},
		"a heartbeat whose answer fills the queue": {environ: append(enough, "GATEPOST_SEND_QUEUE=200", "GATEPOST_MAX_PUSH=10"),
			file: "heartbeats: [{receive: a}, {receive: b, answer: " + strings.Repeat("x", 101) + "}]", want: []string{
				"heartbeats[1].answer, from gatepost.yaml: has 101 bytes, more than half of GATEPOST_SEND_QUEUE (200)"}},
		"a key file without a key": {environ: append(enough, "GATEPOST_PUBLIC_KEY_FILE=faults_test.go", "GATEPOST_ADDR=x"), want: []string{
			"GATEPOST_ADDR (addr), from environment: ",
			"GATEPOST_PUBLIC_KEY_FILE (public_key_file), from environment: can't be read: there is no PEM block"}},
		"sockets where the API is": {environ: append(enough, "GATEPOST_WS_PATH=/push/ws"), want: []string{
			`GATEPOST_WS_PATH (ws_path), from environment: "/push/ws" is where the API has its calls`}},
		"sockets on any path": {environ: append(enough, "GATEPOST_WS_PATH=/")},
		"values of the wrong shape in the file": {environ: enough, file: "addr: [a]\nwebhooks: text\nheartbeats: 1\nnode: 2026-01-02\norigins: [{a: b}]\n", want: []string{
			"GATEPOST_ADDR (addr), from gatepost.yaml: must be a single value",
			"GATEPOST_ORIGINS (origins), from gatepost.yaml: each element must be a single value",
			"heartbeats, from gatepost.yaml: must be a list",
			"webhooks, from gatepost.yaml: must be a list",
			"GATEPOST_NODE (node), from gatepost.yaml: must be text"}},
		"one entry instead of a list of them": {environ: enough,
			file: "heartbeats: {receive: ping}\nwebhooks: {chat: {url: http://a.example}}\n", want: []string{
				"heartbeats, from gatepost.yaml: must be a list",
				"webhooks, from gatepost.yaml: must be a list"}},
		"a map instead of a text or a list": {environ: enough, file: "ping_data: {\"type\":\"ping\"}\norigins: {a: b}\nnode: {}\n", want: []string{
			"GATEPOST_ORIGINS (origins), from gatepost.yaml: must be a list",
			"GATEPOST_PING_DATA (ping_data), from gatepost.yaml: must be a single value",
			"GATEPOST_NODE (node), from gatepost.yaml: must be a single value"}},
		"a value instead of a level": {environ: enough, file: "webhook: http://a.example\nlog: debug\n", want: []string{
			"log, from gatepost.yaml: is no setting by itself; below it are level, format",
			"webhook, from gatepost.yaml: is no setting by itself; below it are url, url_file, secret, secret_file, events, timeout, concurrency, batch"}},
		"names of the environment in the file": {environ: enough, file: "GATEPOST_ADDR: ':1'\nGATEPOST_LOG_LEVEL: info\n", want: []string{
			"GATEPOST_ADDR, from gatepost.yaml: is not known; did you mean addr?",
			"GATEPOST_LOG_LEVEL, from gatepost.yaml: is not known; did you mean log.level?"}},
		"a cluster": {environ: []string{"GATEPOST_JWKS_URL=https://id.example/keys", "GATEPOST_CLUSTER_PEERS=a,b:0,dns:c:1", "GATEPOST_NATS_URL=http://n"}, want: []string{
			"GATEPOST_CLUSTER_LISTEN (cluster.listen): is missing",
			`GATEPOST_CLUSTER_PEERS (cluster.peers), from environment: "a" is neither`,
			`GATEPOST_CLUSTER_PEERS (cluster.peers), from environment: "b:0" is neither`,
			"GATEPOST_NATS_URL (nats_url), from environment: must be a URL that begins with nats:// or tls://",
			"GATEPOST_NATS_URL (nats_url), from environment: stands instead of"}},
		"a cluster both ways": {environ: append(enough, "GATEPOST_CLUSTER_LISTEN=:6222", "GATEPOST_NATS_URL=nats://n"), want: []string{
			"GATEPOST_NATS_URL (nats_url), from environment: stands instead of"}},
		"messages that nodes can't pass on": {environ: append(enough, "GATEPOST_CLUSTER_LISTEN=:6222", "GATEPOST_MAX_PUSH=7MiB", "GATEPOST_SEND_QUEUE=16MiB"), want: []string{
			"GATEPOST_MAX_PUSH (max_push), from environment: has 7340032 bytes; among the nodes of a cluster a message of at most 6MiB travels"}},
		"a cluster without a secret": {environ: []string{"GATEPOST_JWKS_URL=https://id.example/keys", "GATEPOST_NATS_URL=nats://n"}, want: []string{
			"GATEPOST_SECRET (secret): is missing; a cluster needs one"}},
		"a file that isn't YAML":  {environ: enough, file: "addr: [", want: []string{"--config: gatepost.yaml is not usable: yaml: "}},
		"a file that isn't a map": {environ: enough, file: "hunter2", want: []string{"--config: gatepost.yaml is not usable: "}},
		"a file of two documents": {environ: enough, file: "---\naddr: :1\n---\naddr: :2\n", want: []string{
			"--config: gatepost.yaml is not usable: yaml: a second document"}},
		"a second document that is none": {environ: enough, file: "addr: :1\n---\naddr: [", want: []string{
			"--config: gatepost.yaml is not usable: yaml: a second document"}},
		"a file that ends with a mark": {environ: enough, file: "---\naddr: :1\n...\n"},
		"a file that repeats a key":    {environ: enough, file: "addr: :1\naddr: :2\n", want: []string{"--config: gatepost.yaml is not usable: "}},
	} {
		t.Run(name, func(t *testing.T) {
			l := load(t, test.file, test.environ, test.flags...)
			var got []string
			for _, f := range l.Faults {
				got = append(got, f.String())
			}
			if !slices.EqualFunc(got, test.want, strings.HasPrefix) {
				t.Errorf("got\n  %s\nwant\n  %s", strings.Join(got, "\n  "), strings.Join(test.want, "\n  "))
			}
			if all := strings.Join(got, "\n"); strings.Contains(all, "hunter2") || strings.Contains(all, "too-short") {
				t.Errorf("a secret is in the faults:\n%s", all)
			}
		})
	}
}

func TestAFileThatIsNotThere(t *testing.T) {
	l := Load(Sources{File: filepath.Join(t.TempDir(), "none.yaml"), Environ: enough})
	if len(l.Faults) != 1 || !strings.Contains(l.Faults[0].Problem, "none.yaml can't be read") {
		t.Errorf("got %v", l.Faults)
	}
}

// A command that uses few settings isn't kept from working by the others.
func TestFaultsOfSomeSettings(t *testing.T) {
	l := load(t, "webhooks: [{}]", []string{"GATEPOST_ADDR=x", "GATEPOST_DRAIN=y", "GATEPOST_NOPE=z"})
	var got []string
	for _, f := range l.Faults.Of("GATEPOST_DRAIN", "webhooks") {
		got = append(got, f.Env+f.YAML)
	}
	if want := []string{"webhooks[0].name", "webhooks[0].url", "GATEPOST_DRAINdrain"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestTheErrorListsAllFaults(t *testing.T) {
	l := load(t, "", []string{"GATEPOST_ADDR=x", "GATEPOST_DRAIN=y"})
	if text := l.Faults.Err().Error(); len(strings.Split(text, "\n")) != 4 || !strings.HasPrefix(text, "configuration: 3 faults\n") {
		t.Errorf("got %s", text)
	}
	if err := (Faults{}).Err(); err != nil {
		t.Errorf("no fault is an error: %v", err)
	}
}
