package api_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"gatepost/test/frames"
)

func TestCloseOneClient(t *testing.T) {
	n := start(t)
	for _, tt := range []struct {
		name, query, body string
		how               request
		frames            []frames.Frame
	}{
		{"plainly", "", "", request{}, []frames.Frame{frames.Close(1000, "")}},
		{"with a code and a reason", "?code=4100&reason=caf%C3%A9+closes", "", request{}, []frames.Frame{frames.Close(4100, "café closes")}},
		{"with last words", "?code=4999", "bye", request{}, []frames.Frame{frames.Text("bye"), frames.Close(4999, "")}},
		{"with last bytes", "", "\xff", request{contentType: "application/octet-stream"}, []frames.Frame{frames.Binary("\xff"), frames.Close(1000, "")}},
		{"politely", "?force=false", "", request{}, []frames.Frame{frames.Close(1000, "")}},
		{"with what waits dropped", "?discard=true&code=4100", "", request{}, []frames.Frame{frames.Close(4100, "")}},
		{"by force", "?force=true", "", request{}, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			n.t = t
			p := n.connect("")
			n.expect(200, `{"client_id":"`+p.id+`","closed":true}`, http.MethodDelete, "/clients/"+p.id+tt.query, tt.body, tt.how)
			n.expect(404, "client_gone", http.MethodDelete, "/clients/"+p.id, "")
			n.expect(404, "client_gone", http.MethodPost, "/push/clients/"+p.id, "x")
			for _, want := range tt.frames {
				if got := p.next(t); got != want {
					t.Errorf("got %q, want %q", got, want)
				}
			}
			if tt.frames == nil {
				select {
				case f, more := <-p.frames:
					if more {
						t.Errorf("got %q, want the connection's end", f)
					}
				case <-time.After(5 * time.Second):
					t.Error("the connection is still there")
				}
			}
		})
	}
}

func TestCloseRefusals(t *testing.T) {
	n := start(t)
	path := "/clients/" + n.connect("").id
	for _, query := range []string{"?code=", "?code=x", "?code=1001", "?code=4099", "?code=5000", "?code=-1", "?code=+1000",
		"?code=99999999999999999999", "?code=4100&code=4100", "?force=yes", "?discard=yes", "?force=", "?reason=%ff", "?reason=" + strings.Repeat("x", 124)} {
		n.expect(400, "bad_field", http.MethodDelete, path+query, "")
	}
	n.expect(400, "unknown_field", http.MethodDelete, path+"?Code=4100", "")
	n.expect(400, "bad_field", http.MethodDelete, path, "\xff")
	n.expect(413, "too_large", http.MethodDelete, path, strings.Repeat("x", maxPush+1))
	n.expect(415, "unsupported_media_type", http.MethodDelete, path, "a=b", request{contentType: "application/x-www-form-urlencoded"})
	n.expect(400, "bad_client_id", http.MethodDelete, "/clients/-", "")
	n.expect(200, "", http.MethodGet, path, "") // still there
}

func TestCloseMany(t *testing.T) {
	n := start(t)
	a, b, c := n.connect("42"), n.connect("42", "g"), n.connect("", "g")
	n.expect(200, `{"matched":1,"closed":1}`, http.MethodPost, "/close", `{"uids":["42"],"except_clients":["`+b.id+`"],"code":4200,"reason":"r","text":"bye"}`)
	if got := []frames.Frame{a.next(t), a.next(t)}; got[0] != frames.Text("bye") || got[1] != frames.Close(4200, "r") {
		t.Errorf("got %q", got)
	}
	n.expect(200, `{"matched":2,"closed":2}`, http.MethodPost, "/close", `{"groups":["g"],"clients":["gone","`+b.id+`"]}`)
	if got := c.next(t); got != frames.Close(1000, "") {
		t.Errorf("got %q", got)
	}
	n.expect(200, `{"matched":0,"closed":0}`, http.MethodPost, "/close", `{"all":true}`)
	n.expect(400, "bad_field", http.MethodPost, "/close", `{}`)
	n.expect(400, "bad_field", http.MethodPost, "/close", `{"all":true,"code":1006}`)
	n.expect(400, "unknown_field", http.MethodPost, "/close", `{"all":true,"json":1}`)
}

func TestUntil(t *testing.T) {
	n := start(t)
	p := n.connect("")
	path := "/clients/" + p.id + "/until"
	n.expect(200, `{"client_id":"`+p.id+`","at":4102444800}`, http.MethodPut, path, `{"at":4102444800}`)
	n.expect(200, `{"client_id":"`+p.id+`","at":null}`, http.MethodPut, path, `{"at":null}`)
	n.expect(400, "bad_field", http.MethodPut, path, `{}`)
	n.expect(400, "bad_field", http.MethodPut, path, `{"at":"soon"}`)
	n.expect(400, "unknown_field", http.MethodPut, path, `{"at":1,"client_id":"a"}`)
	n.expect(404, "client_gone", http.MethodPut, "/clients/gone/until", `{"at":1}`)
	n.expect(200, `{"client_id":"`+p.id+`","at":1}`, http.MethodPut, path, `{"at":1}`)
	if got := p.next(t); got.Opcode != frames.OpClose || !strings.HasPrefix(got.Payload, frames.Close(4001, "").Payload) {
		t.Errorf("got %q, want a close with 4001", got)
	}
}
