package api_test

import (
	"bytes"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/pb33f/libopenapi"
	validator "github.com/pb33f/libopenapi-validator"
	"github.com/pb33f/libopenapi-validator/config"
	"github.com/pb33f/libopenapi-validator/errors"
	v3 "github.com/pb33f/libopenapi/datamodel/high/v3"

	"gatepost/web/api"
)

// contract is openapi.yaml, held against what is really asked and answered.
type contract struct {
	*node
	validator.Validator
	model *v3.Document
	seen  map[string]bool // "METHOD template status" that was answered as documented
}

func newContract(n *node) *contract {
	n.t.Helper()
	document, err := libopenapi.NewDocument(api.OpenAPI())
	if err != nil {
		n.t.Fatal(err)
	}
	v, errs := validator.NewValidator(document, config.WithFormatAssertions(), config.WithContentAssertions())
	if errs != nil {
		n.t.Fatal(errs)
	}
	if ok, faults := v.ValidateDocument(); !ok {
		n.t.Fatalf("openapi.yaml isn't OpenAPI 3.1: %s", explain(faults))
	}
	model, err := document.BuildV3Model()
	if err != nil {
		n.t.Fatal(err)
	}
	return &contract{n, v, &model.Model, map[string]bool{}}
}

func explain(faults []*errors.ValidationError) string {
	var b strings.Builder
	for _, f := range faults {
		b.WriteString("\n  " + f.Message + ": " + f.Reason)
		for _, s := range f.SchemaValidationErrors {
			b.WriteString("\n    " + s.KeywordLocation + " " + s.Reason)
		}
	}
	return b.String()
}

// good makes a call that the description allows, bad one that it may forbid; the
// answer is as described either way.
func (c *contract) good(status int, template, method, path, body string, how ...request) {
	c.t.Helper()
	r := c.newRequest(method, path, body, how...)
	if ok, faults := c.ValidateHttpRequest(c.newRequest(method, path, body, how...)); !ok {
		c.t.Errorf("%s %s %.200s isn't a request as described: %s", method, path, body, explain(faults))
	}
	c.answer(r, status, template)
}

func (c *contract) bad(status int, template, method, path, body string, how ...request) {
	c.t.Helper()
	c.answer(c.newRequest(method, path, body, how...), status, template)
}

func (c *contract) answer(r *http.Request, status int, template string) {
	c.t.Helper()
	resp := c.send(r)
	body, err := io.ReadAll(resp.Body)
	resp.Body.Close()
	if err != nil {
		c.t.Fatal(err)
	}
	if resp.StatusCode != status {
		c.t.Errorf("%s %s: got %d, want %d: %.300s", r.Method, r.URL, resp.StatusCode, status, body)
		return
	}
	resp.Body = io.NopCloser(bytes.NewReader(body))
	if ok, faults := c.ValidateHttpResponse(r, resp); !ok {
		c.t.Errorf("%s %s: the answer %d %.300s isn't as described: %s", r.Method, r.URL, status, body, explain(faults))
	}
	c.seen[r.Method+" "+template+" "+resp.Status[:3]] = true
}

func TestOpenAPIDescribesWhatIsAnswered(t *testing.T) {
	n := start(t)
	c := newContract(n)
	n.dead.letters = append(n.dead.letters, letter("evt_1"), letter("evt_2"))
	a, b := n.connect("42", "g").id, n.connect("").id
	json := request{contentType: "application/json"}
	plain := request{contentType: "text/plain"}
	form := request{contentType: "application/x-www-form-urlencoded"}
	large := strings.Repeat("x", maxPush+1)

	c.good(200, "/push", "POST", "/push", `{"all":true,"except_clients":["gone"],"except_uids":[7],"json":{"a":null}}`, json)
	c.good(200, "/push", "POST", "/push", `{"uids":["42"],"groups":["g"],"clients":["`+a+`"],"binary":"AA=="}`, json)
	c.bad(400, "/push", "POST", "/push", `{"all":true}`, json)
	c.bad(413, "/push", "POST", "/push", `{"all":true,"text":"`+large+`"}`, json)
	for template, path := range map[string]string{"/push/all": "/push/all", "/push/clients/{id}": "/push/clients/" + a,
		"/push/uids/{uid}": "/push/uids/4%2F2", "/push/groups/{group}": "/push/groups/g%20h"} {
		c.good(200, template, "POST", path+"?except_client=gone&except_client="+b, "hi", plain)
		c.good(200, template, "POST", path, "\xff", request{contentType: "application/octet-stream"})
		c.bad(400, template, "POST", path, "\xff", plain)
		c.bad(413, template, "POST", path, large, plain)
		c.bad(415, template, "POST", path, "a=b", form)
	}
	c.good(404, "/push/clients/{id}", "POST", "/push/clients/gone", "hi", plain)

	c.good(200, "/bind", "POST", "/bind", `{"client_id":"`+b+`","uid":7}`, json)
	c.good(404, "/bind", "POST", "/bind", `{"client_id":"gone","uid":"7"}`, json)
	c.bad(400, "/bind", "POST", "/bind", `{"client_id":"gone"}`, json)
	c.good(200, "/unbind", "POST", "/unbind", `{"client_id":"`+b+`"}`, json)
	c.good(404, "/unbind", "POST", "/unbind", `{"client_id":"gone"}`, json)
	c.bad(400, "/unbind", "POST", "/unbind", `{}`, json)
	for _, verb := range []string{"join", "leave"} {
		c.good(200, "/groups/{group}/"+verb, "POST", "/groups/h/"+verb, `{"clients":["gone"],"uids":[42]}`, json)
		c.good(200, "/groups/{group}/"+verb, "POST", "/groups/h/"+verb, `{"client_id":"`+b+`"}`, json)
		c.bad(400, "/groups/{group}/"+verb, "POST", "/groups/h/"+verb, `{}`, json)
	}
	for _, verb := range []string{"/join", "/leave"} {
		c.good(200, verb, "POST", verb, `{"clients":["gone"],"uids":[42],"groups":["h"]}`, json)
		c.good(200, verb, "POST", verb, `{"client_id":"`+b+`","groups":["h","../i"]}`, json)
		c.bad(400, verb, "POST", verb, `{"client_id":"`+b+`"}`, json)
	}
	c.good(200, "/dissolve", "POST", "/dissolve", `{"group":"../nobody"}`, json)
	c.bad(400, "/dissolve", "POST", "/dissolve", `{}`, json)
	c.good(200, "/until", "POST", "/until", `{"client_id":"`+a+`","at":null}`, json)
	c.good(404, "/until", "POST", "/until", `{"client_id":"gone","at":4102444800}`, json)
	c.bad(400, "/until", "POST", "/until", `{"client_id":"`+a+`"}`, json)
	c.good(200, "/session", "POST", "/session", `{"client_id":"`+a+`"}`, json)
	c.good(304, "/session", "POST", "/session", `{"client_id":"`+a+`"}`, request{contentType: "application/json", header: http.Header{"If-None-Match": {"*"}}})
	c.good(404, "/session", "POST", "/session", `{"client_id":"gone"}`, json)
	c.good(412, "/session", "POST", "/session", `{"client_id":"`+a+`","merge":{}}`, request{contentType: "application/json", header: http.Header{"If-Match": {`"a"`}}})
	for _, mode := range []string{"set", "merge", "update"} {
		c.good(200, "/session", "POST", "/session", `{"client_id":"`+a+`","`+mode+`":{}}`, json)
	}
	c.bad(400, "/session", "POST", "/session", `{"client_id":"`+a+`","set":1}`, json)
	c.good(200, "/clients", "POST", "/clients", `{"groups":["g"],"uids":[42],"fields":["client_id"],"limit":1,"cursor":null}`, json)
	c.good(200, "/uids", "POST", "/uids", `{"groups":["g","../all"]}`, json)
	c.good(200, "/groups", "POST", "/groups", `{"limit":1}`, json)
	for _, list := range []string{"/clients", "/uids", "/groups"} {
		c.bad(400, list, "POST", list, `{"limit":0}`, json)
	}
	c.good(200, "/groups", "GET", "/groups?limit=1", "")
	c.bad(400, "/groups", "GET", "/groups?limit=0", "")
	c.good(200, "/groups/{group}", "GET", "/groups/g", "")
	c.bad(400, "/groups/{group}", "GET", "/groups/%00", "")
	c.good(200, "/groups/{group}", "DELETE", "/groups/nobody", "")
	c.bad(400, "/groups/{group}", "DELETE", "/groups/%00", "")

	c.good(200, "/uids", "GET", "/uids?group=g&group=h", "")
	c.bad(400, "/uids", "GET", "/uids?cursor=%25", "")
	c.good(200, "/uids/{uid}", "GET", "/uids/42", "")
	c.bad(400, "/uids/{uid}", "GET", "/uids/%00", "")

	c.good(200, "/clients", "GET", "/clients?group=g&uid=42&limit=5", "")
	c.good(200, "/clients", "GET", "/clients?fields=client_id,uid&limit=1", "")
	c.bad(400, "/clients", "GET", "/clients?fields=id", "")
	c.good(200, "/clients/{id}", "GET", "/clients/"+a, "")
	c.good(404, "/clients/{id}", "GET", "/clients/gone", "")
	c.bad(400, "/clients/{id}", "GET", "/clients/-", "")
	c.good(200, "/clients/{id}", "HEAD", "/clients/"+a, "")
	c.good(404, "/clients/{id}", "HEAD", "/clients/gone", "")
	c.bad(400, "/clients/{id}", "HEAD", "/clients/-", "")

	session := "/clients/" + a + "/session"
	c.good(200, "/clients/{id}/session", "GET", session, "")
	c.good(304, "/clients/{id}/session", "GET", session, "", request{header: http.Header{"If-None-Match": {"*"}}})
	c.good(404, "/clients/{id}/session", "GET", "/clients/gone/session", "")
	c.bad(400, "/clients/{id}/session", "GET", "/clients/-/session", "")
	for _, method := range []string{"PUT", "PATCH"} {
		c.good(200, "/clients/{id}/session", method, session, `{"a":1}`, json)
		c.good(200, "/clients/{id}/session", method, session, `[]`, json)
		c.good(404, "/clients/{id}/session", method, "/clients/gone/session", `{}`, json)
		c.good(412, "/clients/{id}/session", method, session, `{}`, request{contentType: "application/json", header: http.Header{"If-Match": {`"a"`}}})
		c.bad(400, "/clients/{id}/session", method, session, `1`, json)
		c.good(413, "/clients/{id}/session", method, session, `{"a":"`+strings.Repeat("x", 20_000)+`"}`, json)
		c.bad(415, "/clients/{id}/session", method, session, `a=b`, form)
	}
	c.good(200, "/clients/{id}/session", "PATCH", session+"?mode=update", `{"a":null}`, request{contentType: "application/merge-patch+json"})
	c.good(200, "/clients/{id}/until", "PUT", "/clients/"+a+"/until", `{"at":4102444800}`, json)
	c.good(200, "/clients/{id}/until", "PUT", "/clients/"+a+"/until", `{"at":null}`, json)
	c.good(404, "/clients/{id}/until", "PUT", "/clients/gone/until", `{"at":null}`, json)
	c.bad(400, "/clients/{id}/until", "PUT", "/clients/"+a+"/until", `{}`, json)

	c.good(200, "/lookup", "POST", "/lookup", `{"clients":["gone","`+a+`"],"uids":[42,"x"],"groups":["g"]}`, json)
	c.bad(400, "/lookup", "POST", "/lookup", `{"a":1}`, json)
	c.good(200, "/stats", "GET", "/stats", "")
	c.good(200, "/actions", "POST", "/actions", `{"actions":[
		{"action":"send","all":true,"text":"x"},{"action":"bind","client_id":"gone","uid":1},{"action":"unbind","client_id":"`+b+`"},
		{"action":"join","uids":[42],"groups":["g","h"]},{"action":"leave","client_id":"`+a+`","groups":["h"]},{"action":"dissolve","group":"h"},
		{"action":"session","client_id":"`+a+`","update":{}},{"action":"until","client_id":"`+a+`","at":null},
		{"action":"close","clients":["gone"],"code":4100,"reason":"r","binary":"AA==","force":false,"discard":true}]}`, json)
	c.bad(400, "/actions", "POST", "/actions", `{}`, json)

	c.good(200, "/nodes/{node}", "DELETE", "/nodes/lost%20one", "")
	c.good(404, "/nodes/{node}", "DELETE", "/nodes/stranger", "")
	c.good(409, "/nodes/{node}", "DELETE", "/nodes/here", "")
	c.bad(400, "/nodes/{node}", "DELETE", "/nodes/here?x=1", "")
	c.good(200, "/nodes/forget", "POST", "/nodes/forget", `{"node":"lost one"}`, json)
	c.good(404, "/nodes/forget", "POST", "/nodes/forget", `{"node":"stranger"}`, json)
	c.good(409, "/nodes/forget", "POST", "/nodes/forget", `{"node":"here"}`, json)
	c.bad(400, "/nodes/forget", "POST", "/nodes/forget", `{}`, json)
	for _, verb := range []string{"/events/dead/show", "/events/dead/drop"} {
		c.good(200, verb, "POST", verb, `{"id":"evt_2"}`, json)
		c.good(404, verb, "POST", verb, `{"id":"evt_9"}`, json)
		c.bad(400, verb, "POST", verb, `{}`, json)
	}
	c.good(200, "/events/dead", "GET", "/events/dead?limit=1", "")
	c.bad(400, "/events/dead", "GET", "/events/dead?limit=x", "")
	c.good(200, "/events/dead/{id}", "GET", "/events/dead/evt_1", "")
	c.good(404, "/events/dead/{id}", "GET", "/events/dead/evt_9", "")
	c.bad(400, "/events/dead/{id}", "GET", "/events/dead/evt_1?x=1", "")
	c.good(202, "/events/dead/replay", "POST", "/events/dead/replay", `{"ids":["evt_1"]}`, json)
	c.good(202, "/events/dead/replay", "POST", "/events/dead/replay", `{"all":true}`, json)
	c.good(404, "/events/dead/replay", "POST", "/events/dead/replay", `{"ids":["evt_9"]}`, json)
	c.bad(400, "/events/dead/replay", "POST", "/events/dead/replay", `{}`, json)
	c.good(200, "/events/dead/{id}", "DELETE", "/events/dead/evt_1", "")
	c.good(404, "/events/dead/{id}", "DELETE", "/events/dead/evt_9", "")
	c.bad(400, "/events/dead/{id}", "DELETE", "/events/dead/evt_1?x=1", "")

	c.good(200, "/close", "POST", "/close", `{"uids":[9],"groups":["nobody"],"code":4100,"reason":"r","text":"bye"}`, json)
	c.bad(400, "/close", "POST", "/close", `{"all":true,"code":1001}`, json)
	c.bad(413, "/close", "POST", "/close", `{"all":true,"text":"`+large+`"}`, json)
	c.good(200, "/clients/{id}", "DELETE", "/clients/"+b+"?code=4100&reason=r&force=true&discard=true", "bye", plain)
	c.good(404, "/clients/{id}", "DELETE", "/clients/gone", "")
	c.bad(400, "/clients/{id}", "DELETE", "/clients/gone?code=1", "")
	c.bad(413, "/clients/{id}", "DELETE", "/clients/gone", large, plain)
	c.bad(415, "/clients/{id}", "DELETE", "/clients/gone", "a=b", form)

	c.good(200, "/metrics", "GET", "/metrics", "")
	for _, path := range []string{"/healthz", "/readyz"} {
		c.good(200, path, "GET", path, "", request{token: "none"})
		c.good(200, path, "HEAD", path, "", request{token: "none"})
	}
	c.good(200, "/openapi.yaml", "GET", "/openapi.yaml", "", request{token: "none"})
	for _, op := range c.operations() {
		c.refusals(op)
	}
	c.complete()
}

// operation is one that openapi.yaml describes.
type operation struct {
	method, template string
	*v3.Operation
}

func (c *contract) operations() (all []operation) {
	for template, item := range c.model.Paths.PathItems.FromOldest() {
		for method, op := range item.GetOperations().FromOldest() {
			all = append(all, operation{strings.ToUpper(method), template, op})
		}
	}
	return all
}

// refusals are the answers that every operation with a token has, and those of
// every JSON body.
func (c *contract) refusals(op operation) {
	if op.Security != nil && len(op.Security) == 0 {
		return
	}
	path := strings.NewReplacer("{id}", "gone", "{uid}", "42", "{group}", "g").Replace(op.template)
	c.bad(401, op.template, op.method, path, "", request{token: "none"})
	weak, body := request{scope: "group:nothing-here"}, ""
	if strings.HasPrefix(op.Description, "Scope `group:") {
		weak = request{scope: "push"}
	}
	if op.template == "/actions" { // every token may come; what it may do is seen from the actions
		body = `{"actions":[{"action":"send","all":true,"text":"x"}]}`
	}
	c.bad(403, op.template, op.method, path, body, weak)
	if op.RequestBody == nil || op.RequestBody.Content.GetOrZero("application/json") == nil || op.RequestBody.Content.GetOrZero("text/plain") != nil {
		return
	}
	c.bad(413, op.template, op.method, path, strings.Repeat(" ", 9<<20), request{contentType: "application/json"})
	c.bad(415, op.template, op.method, path, "a=b", request{contentType: "multipart/form-data; boundary=x"})
}

// complete says which answers are described that no call of this test got.
func (c *contract) complete() {
	var missing []string
	for _, op := range c.operations() {
		for code := range op.Responses.Codes.FromOldest() {
			answer := op.method + " " + op.template + " " + code
			if !c.seen[answer] && code != "503" {
				missing = append(missing, answer)
			}
		}
	}
	slices.Sort(missing)
	if len(missing) > 0 {
		c.t.Errorf("described, but no answer of this test:\n%s", strings.Join(missing, "\n"))
	}
}
