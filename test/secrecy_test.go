package test

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"gatepost/test/harness"
	"gatepost/test/wait"
)

// What is secret is sent in every place that it can be sent in, to a node that
// logs all it can and whose backend fails in every way: it is in no log line, no
// event but its cookies, no dead letter, no answer.
func TestSecretsStaySecret(t *testing.T) {
	t.Parallel()
	// A marker is a piece of a secret that nothing else has.
	markers := map[string]string{}
	mark := func(what, piece string) string {
		markers[what] = piece
		return piece
	}
	webhookKey := []byte("marker-of-the-webhook-secret-0123456789")
	webhookSecret := "whsec_" + base64.StdEncoding.EncodeToString(webhookKey)
	mark("webhook secret", strings.TrimPrefix(webhookSecret, "whsec_"))
	backend := harness.NewBackend(t, func(d *harness.Delivery) harness.Answer {
		switch {
		case d.Event.Type == "connect" && strings.Contains(d.Event.Data.Request.RawQuery, "case=refuse"):
			return harness.Answer{Status: 403, Body: "not you"}
		case d.Event.Type == "connect" && strings.Contains(d.Event.Data.Request.RawQuery, "case=hang"):
			<-d.Gone
		case d.Event.Type == "connect" && strings.Contains(d.Event.Data.Request.RawQuery, "case=html"):
			return harness.Answer{Body: "<html>"}
		case d.Event.Text() == "die":
			return harness.Status(400)
		case d.Event.Text() == "hang":
			<-d.Gone
		case d.Event.Text() == "cut":
			return harness.Answer{Write: func(http.ResponseWriter) { panic(http.ErrAbortHandler) }}
		}
		return harness.Answer{}
	})
	config := harness.File(t, `
log: {level: debug}
message_ttl: 3s
webhooks:
  - name: main
    url: `+strings.Replace(backend.URL, "http://", "http://user:"+mark("webhook URL's password", "marker-of-url-password")+"@", 1)+`?key=`+mark("webhook URL's query", "marker-of-url-query")+`
    secrets: ["`+harness.WebhookSecret+`", "`+webhookSecret+`"]
    timeout: 300ms
    headers: {x-api-key: `+mark("webhook header", "marker-of-webhook-header")+`}
`)
	env := harness.Env{harness.ConfigFile: config, "GATEPOST_SECRET": harness.Secret + ",marker-of-another-secret-of-32-bytes-or-more"}
	mark("secret", harness.Secret)
	mark("rotated secret", "marker-of-another-secret")
	node := harness.Start(t, env)

	cookie := mark("cookie", "marker-of-cookie")
	token := harness.ClientToken(t, "tom", nil)
	// The signature of a valid token is the part that no claim repeats.
	mark("client token", token[strings.LastIndexByte(token, '.')+1:])
	mark("client token's payload", strings.Split(token, ".")[1])
	bad := mark("bad client token", "marker-of-bad-token")
	badJWT := token[:len(token)-4] + "AAAA"

	accepted := 0
	try := func(path string, header http.Header, subprotocols ...string) {
		if header == nil {
			header = http.Header{}
		}
		header.Set("Cookie", "session="+cookie)
		c, err := node.TryConnect(t, harness.Dial{Path: path, Header: header, Subprotocols: subprotocols, NoWelcome: true})
		if err != nil {
			return
		}
		if _, err := c.TryText(wait.Patience); err != nil {
			return // upgraded only to be closed
		}
		c.Send(t, "fine")
		if accepted++; accepted <= 3 { // more would only take longer
			for _, text := range []string{"die", "hang", "cut"} {
				c.Send(t, text)
			}
		}
		c.Leave(t, 1000, "")
	}
	for _, value := range []string{token, bad, badJWT} {
		for _, query := range []string{
			"token=" + value, "a=1&token=" + value + "&b=2", "token=" + value + "&token=" + value, "%74oken=" + value, "t%6Fken=" + value + "&token=",
			"a=1;token=" + value, "token=" + value + ";a=1", "token=" + value + "%", "+token=" + value, "%20token=" + value, "token%00=" + value,
			"&&token=" + value + "&&", "token=" + value + "&case=refuse", "token=" + value + "&case=hang", "token=" + value + "&case=html",
			"token=" + value + "&next=/ws?token=" + value + "&%74oken[]=" + value, "token=" + value + "&" + value, "token=" + value + "&x=%25" + fmt.Sprintf("%x", value[0]) + value[1:],
			"token=" + value + "&refuse=close", "token=" + url.QueryEscape("Bearer "+value),
		} {
			try("/ws?"+query, nil)
		}
		try("/ws", http.Header{"Authorization": {"Bearer " + value}})
		try("/ws", http.Header{"Authorization": {"bearer   " + value}})
		try("/ws", http.Header{"Authorization": {"Bearer " + value, "Bearer " + value}})
		try("/ws?token="+value, http.Header{"Authorization": {"Bearer " + value}}, "bearer", value)
		try("/ws", nil, "bearer", value)
		try("/ws", nil, "chat", "bearer", value)
		try("/ws/below?token="+value, nil)
		try("/ws/"+value+"?token="+value, http.Header{"Referer": {"https://example.com/?" + url.QueryEscape(value)}})
		try("/elsewhere?token="+value, http.Header{"Authorization": {"Bearer " + value}})
		try("/ws?token="+value, http.Header{"Origin": {"https://foreign.example"}})
	}
	if accepted < 10 {
		t.Fatalf("only %d connections were accepted", accepted)
	}

	apiToken := harness.APIToken(t, "* ")
	mark("API token", apiToken[strings.LastIndexByte(apiToken, '.')+1:])
	badAPI := mark("bad API token", "marker-of-bad-api-token")
	var answers strings.Builder
	for _, value := range []string{apiToken, badAPI} {
		api := node.APIWith(t, value)
		for _, path := range []string{"/stats", "/clients", "/events/dead", "/openapi.yaml", "/nowhere", "/stats?token=" + value, "/stats?access_token=" + value, "/clients?cursor=" + value, "/clients?" + value + "=1"} {
			answers.Write(api.Do("GET", path, "", "cookie", "session="+cookie).Body)
		}
		answers.Write(api.Do("POST", "/push/all", "hello").Body)
		answers.Write(api.Do("POST", "/bind", `{"client_id":"`+value+`"`).Body)
	}
	wait.For(t, "the events have died", func() bool {
		return strings.Count(string(node.APIWith(t, apiToken).Do("GET", "/events/dead?limit=10000", "").Body), `"died_at"`) >= 9
	})
	letters := deadLetters(t, node, apiToken)
	stop(t, node)
	printed, complaint, status := harness.Command(t, harness.Env{"GATEPOST_SECRET": env["GATEPOST_SECRET"]}, "config", "--config", config)
	if status != 0 {
		t.Errorf("gatepost config: %d: %s", status, complaint)
	}

	var events strings.Builder
	cookies := 0
	for _, d := range backend.Received(func(*harness.Delivery) bool { return true }) {
		body := string(d.Body)
		if d.Event.Data.Request != nil && d.Event.Data.Request.Cookies["session"] == cookie {
			cookies++
			body = strings.Replace(body, `"cookies":{"session":"`+cookie+`"}`, "", 1)
		}
		events.WriteString(body + "\n")
	}
	if cookies == 0 {
		t.Error("no connect event has the cookie")
	}
	for what, piece := range markers {
		for where, text := range map[string]string{
			"the log": node.Log.String(), "an event": events.String(), "a dead letter": letters,
			"an answer of the API": answers.String(), "the printed configuration": printed + complaint,
		} {
			if at := strings.Index(text, piece); at >= 0 {
				t.Errorf("the %s is in %s: …%s…", what, where, text[max(0, at-200):min(len(text), at+len(piece)+50)])
			}
		}
	}
}

// deadLetters is the list of dead letters and each of them whole.
func deadLetters(t *testing.T, node *harness.Node, token string) string {
	t.Helper()
	api := node.APIWith(t, token)
	list := api.Want(200, "", "GET", "/events/dead?limit=10000", "").Body
	all := string(list)
	for _, letter := range decode[struct {
		Events []struct{ ID string }
	}](t, list).Events {
		all += string(api.Want(200, "", "GET", "/events/dead/"+url.PathEscape(letter.ID), "").Body)
	}
	return all
}
