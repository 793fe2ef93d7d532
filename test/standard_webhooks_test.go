package test

import (
	"bytes"
	"encoding/json"
	"os/exec"
	"strings"
	"testing"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"gatepost/test/harness"
)

// During a rotation each secret signs, and the Standard Webhooks project's own
// Go library takes either. (The harness verifies each webhook of each test by
// it.)
func TestSignaturesWhileSecretsRotate(t *testing.T) {
	t.Parallel()
	const next = "whsec_dGhlLW5leHQtd2ViaG9vay1zZWNyZXQtaW4tcm90YXRpb24="
	backend := harness.NewBackend(t, nil)
	node := harness.Start(t, backend.Env(harness.Env{"GATEPOST_WEBHOOK_SECRET": harness.WebhookSecret + " " + next}))
	c := node.Connect(t, harness.Dial{})
	d := backend.Await(t, 1, harness.Of("connect", c.ID))[0]
	if n := len(strings.Fields(d.Header.Get("webhook-signature"))); n != 2 {
		t.Errorf("there are %d signatures, want one of each secret", n)
	}
	for secret, valid := range map[string]bool{harness.WebhookSecret: true, next: true, "whsec_YW5vdGhlciBzZWNyZXQgdGhhdCBzaWduZWQgbm90aGluZw==": false} {
		verifier, err := standardwebhooks.NewWebhook(secret)
		if err != nil {
			t.Fatal(err)
		}
		if err := verifier.Verify(d.Body, d.Header); (err == nil) != valid {
			t.Errorf("by %s the signature is valid: %v, want %v", secret, err == nil, valid)
		}
	}
}

// The project's JavaScript library verifies what came over the wire, and refuses
// it with one byte changed.
func TestSignatureByTheJavaScriptLibrary(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("node and npm are not needed for -short")
	}
	harness.InstallNPM(t, "javascript")
	backend := harness.NewBackend(t, nil)
	node := harness.Start(t, backend.Env(nil))
	c := node.Connect(t, harness.Dial{})
	c.Send(t, "hällo – \u2028 <b>&</b> 🦆")
	d := backend.Await(t, 1, harness.Of("message", c.ID))[0]

	if out, err := verifyInNode(t, d, d.Body); err != nil || strings.TrimSpace(out) != d.Event.ID {
		t.Errorf("node says %q, %v; want the id %s", out, err, d.Event.ID)
	}
	if out, err := verifyInNode(t, d, bytes.Replace(d.Body, []byte("llo"), []byte("LLO"), 1)); err == nil {
		t.Errorf("node takes a changed body and says %q", out)
	}
}

func verifyInNode(t *testing.T, d *harness.Delivery, body []byte) (string, error) {
	t.Helper()
	headers := map[string]string{}
	for name := range d.Header {
		headers[strings.ToLower(name)] = d.Header.Get(name)
	}
	captured, err := json.Marshal(map[string]any{"secret": harness.WebhookSecret, "headers": headers, "body": string(body)})
	if err != nil {
		t.Fatal(err)
	}
	node := exec.Command("node", "verify.mjs")
	node.Dir = "javascript"
	node.Stdin = bytes.NewReader(captured)
	out, err := node.Output()
	return string(out), err
}
