package examples

import (
	"bytes"
	"encoding/json"
	"net/http"
	"os"
	"os/exec"
	"reflect"
	"strings"
	"syscall"
	"testing"

	"gatepost/test/harness"
	"gatepost/test/logs"
	"gatepost/test/tcp"
	"gatepost/test/wait"
)

const phpEvents = "../../examples/php-events"

// startEvents runs examples/php-events by its one command, and returns where its
// gateway and its pages are, and what it says.
func startEvents(t *testing.T) (*harness.Node, string, *logs.Log) {
	t.Helper()
	needPHP(t)
	gateway, pages, log := tcp.FreeAddr(t), tcp.FreeAddr(t), &logs.Log{}
	_, port, _ := strings.Cut(pages, ":")
	command := exec.Command("../start.sh", "php-events")
	command.Dir = phpEvents
	command.Env = harness.Environ("GATEPOST="+harness.Binary(), "GATEPOST_ADDR="+gateway, "PORT="+port, "GATEPOST_DRAIN=100ms")
	command.Stdout, command.Stderr = log, log
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = command.Process.Signal(syscall.SIGTERM)
		_ = command.Wait()
		if t.Failed() {
			t.Logf("start.sh said:\n%s", log)
		}
	})
	for _, url := range []string{"http://" + gateway + "/readyz", "http://" + pages + "/"} {
		wait.For(t, url+" answers", func() bool {
			response, err := http.Get(url)
			if err == nil {
				response.Body.Close()
			}
			return err == nil && response.StatusCode == http.StatusOK
		})
	}
	return &harness.Node{Addr: gateway}, pages, log
}

// said is the next message of a client, without its pings and its clock.
func said(t *testing.T, c *harness.Client) map[string]any {
	t.Helper()
	for {
		var message map[string]any
		if err := json.Unmarshal([]byte(c.Text(t)), &message); err != nil {
			t.Fatal(err)
		}
		if message["type"] != "ping" {
			delete(message, "time")
			return message
		}
	}
}

func wantSaid(t *testing.T, c *harness.Client, want map[string]any) {
	t.Helper()
	if got := said(t, c); !reflect.DeepEqual(got, want) {
		t.Fatalf("got %v, want %v", got, want)
	}
}

type object = map[string]any

// A GatewayWorker chat as it was: login, who is there, a word to all and to one,
// logout, a window that goes, and one that is turned away.
func TestPHPEventsRunAsTheyWere(t *testing.T) {
	node, _, log := startEvents(t)
	enter := func(path, name string) (*harness.Client, string) {
		c := node.Connect(t, harness.Dial{Path: path, NoWelcome: true})
		hello := said(t, c)
		if hello["type"] != "hello" {
			t.Fatalf("the first message is %v", hello)
		}
		c.Send(t, `{"type":"login","room":"r 1","name":"`+name+`"}`)
		return c, hello["client_id"].(string)
	}

	anna, annaID := enter("/?lang=de", "anna")
	wantSaid(t, anna, object{"type": "login", "client_id": annaID, "name": "anna"})
	wantSaid(t, anna, object{"type": "there", "clients": object{annaID: "anna"}, "windows": 1.0, "address": "127.0.0.1", "lang": "de"})

	bob, bobID := enter("/any/path", "bob")
	wantSaid(t, anna, object{"type": "login", "client_id": bobID, "name": "bob"})
	wantSaid(t, bob, object{"type": "login", "client_id": bobID, "name": "bob"})
	wantSaid(t, bob, object{"type": "there", "clients": object{annaID: "anna", bobID: "bob"}, "windows": 1.0, "address": "127.0.0.1", "lang": "en"})

	anna.Send(t, `{"type":"pong"}`)
	anna.Send(t, `what`)
	anna.Send(t, `{"type":"say","to":"all","text":"ü \"x\""}`)
	for _, c := range []*harness.Client{anna, bob} {
		wantSaid(t, c, object{"type": "say", "from": annaID, "name": "anna", "text": `ü "x"`})
	}
	bob.Send(t, `{"type":"say","to":"`+annaID+`","text":"psst"}`)
	for _, c := range []*harness.Client{anna, bob} {
		wantSaid(t, c, object{"type": "say", "from": bobID, "name": "bob", "text": "psst", "private": true})
	}

	bob.Send(t, `{"type":"logout"}`)
	wantSaid(t, bob, object{"type": "bye", "keys": []any{"lang"}})
	wantSaid(t, anna, object{"type": "logout", "client_id": bobID, "name": "bob"})
	bob.Send(t, `{"type":"login","room":"r 1","name":"bob"}`) // his session has forgotten the room, and takes it again
	wantSaid(t, anna, object{"type": "login", "client_id": bobID, "name": "bob"})
	wantSaid(t, bob, object{"type": "login", "client_id": bobID, "name": "bob"})
	if there := said(t, bob); there["type"] != "there" {
		t.Fatalf("got %v", there)
	}
	bob.Cut() // who has been answered has his session
	wantSaid(t, anna, object{"type": "logout", "client_id": bobID, "name": "bob"})

	if !log.Has("Events printed", "not understood: what") {
		t.Error("what a callback prints isn't in PHP's log")
	}
}

// Closing the client in onWebSocketConnect tells it why, as in GatewayWorker.
func TestPHPEventsCloseWhoIsNotWanted(t *testing.T) {
	node, _, _ := startEvents(t)
	c := node.Connect(t, harness.Dial{Path: "/?banned=1", NoWelcome: true})
	if hello := said(t, c); hello["type"] != "hello" {
		t.Errorf("got %v", hello)
	}
	wantSaid(t, c, object{"type": "error", "text": "You are banned."})
	c.WantClosed(t, 1000)
}

// Nothing in Events.php knows of Gatepost, and its webhook believes nobody else.
func TestPHPEventsAreUnchangedAndGuarded(t *testing.T) {
	source, err := os.ReadFile(phpEvents + "/Events.php")
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(bytes.ToLower(source), []byte("gatepost")) {
		t.Error("Events.php knows of Gatepost")
	}
	_, pages, log := startEvents(t)
	body := `{"type":"message","id":"e","timestamp":"","data":{}}`
	response, err := http.Post("http://"+pages+"/webhook.php", "application/json", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	if response.StatusCode != http.StatusUnauthorized {
		t.Errorf("an unsigned webhook is answered %d", response.StatusCode)
	}
	if log.Has("Events printed") {
		t.Error("an unsigned webhook has run")
	}
}
