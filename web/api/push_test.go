package api_test

import (
	"net/http"
	"strings"
	"testing"

	"gatepost/test/frames"
)

func TestPushReachesWhoItNames(t *testing.T) {
	n := start(t)
	a, b, c := n.connect("42", "room"), n.connect("42"), n.connect("")
	for _, tt := range []struct {
		name, path, body string
		how              request
		want             string // the answer
		gets             []*peer
		frame            frames.Frame
	}{
		{"all", "/push/all", "hi", request{}, `{"matched":3,"queued":3,"dropped":0}`, []*peer{a, b, c}, frames.Text("hi")},
		{"all but one", "/push/all?except_client=" + a.id + "&except_client=" + b.id, "hi", request{},
			`{"matched":1,"queued":1,"dropped":0}`, []*peer{c}, frames.Text("hi")},
		{"one client", "/push/clients/" + c.id, "hé", request{contentType: "text/plain; charset=utf-8"},
			`{"matched":1,"queued":1,"dropped":0}`, []*peer{c}, frames.Text("hé")},
		{"uid", "/push/uids/42", "hi", request{}, `{"matched":2,"queued":2,"dropped":0}`, []*peer{a, b}, frames.Text("hi")},
		{"group", "/push/groups/room", `{"a":1}`, request{contentType: "application/json"},
			`{"matched":1,"queued":1,"dropped":0}`, []*peer{a}, frames.Text(`{"a":1}`)},
		{"nobody", "/push/groups/empty", "hi", request{}, `{"matched":0,"queued":0,"dropped":0}`, nil, frames.Frame{}},
		{"bytes", "/push/clients/" + c.id, "\xff\x00", request{contentType: "application/octet-stream"},
			`{"matched":1,"queued":1,"dropped":0}`, []*peer{c}, frames.Binary("\xff\x00")},
		{"an empty message", "/push/clients/" + c.id, "", request{},
			`{"matched":1,"queued":1,"dropped":0}`, []*peer{c}, frames.Text("")},
		{"a mix, each once", "/push", `{"uids":[42],"groups":["room"],"clients":["` + a.id + `"],"json":{"x":[1]}}`, request{},
			`{"matched":2,"queued":2,"dropped":0}`, []*peer{a, b}, frames.Text(`{"x":[1]}`)},
		{"base64", "/push", `{"clients":["` + a.id + `"],"binary":"/wA="}`, request{},
			`{"matched":1,"queued":1,"dropped":0}`, []*peer{a}, frames.Binary("\xff\x00")},
		{"without a uid", "/push", `{"all":true,"except_uids":["42"],"text":"hi"}`, request{},
			`{"matched":1,"queued":1,"dropped":0}`, []*peer{c}, frames.Text("hi")},
		{"a client that is gone among others", "/push", `{"clients":["gone","` + a.id + `"],"text":"hi"}`, request{},
			`{"matched":1,"queued":1,"dropped":0}`, []*peer{a}, frames.Text("hi")},
		{"the largest", "/push/clients/" + c.id, strings.Repeat("x", maxPush), request{},
			`{"matched":1,"queued":1,"dropped":0}`, []*peer{c}, frames.Text(strings.Repeat("x", maxPush))},
		{"the largest, escaped", "/push", `{"clients":["` + c.id + `"],"text":"` + strings.Repeat(`\u0001`, maxPush) + `"}`, request{},
			`{"matched":1,"queued":1,"dropped":0}`, []*peer{c}, frames.Text(strings.Repeat("\x01", maxPush))},
	} {
		t.Run(tt.name, func(t *testing.T) {
			n.t = t
			n.expect(200, tt.want, http.MethodPost, tt.path, tt.body, tt.how)
			for _, p := range tt.gets {
				if got := p.next(t); got != tt.frame {
					t.Errorf("%s got %q, want %q", p.id, got, tt.frame)
				}
			}
		})
	}
	for _, p := range []*peer{a, b, c} {
		if len(p.frames) > 0 {
			t.Errorf("%s got %q, which wasn't for it", p.id, <-p.frames)
		}
	}
}

func TestPushRefusals(t *testing.T) {
	n := start(t)
	id := n.connect("").id
	for _, tt := range []struct {
		name, path, body string
		how              request
		status           int
		code, field      string
	}{
		{"unknown client", "/push/clients/gone", "hi", request{}, 404, "client_gone", "client_id"},
		{"excepted, not unknown", "/push/clients/" + id + "?except_client=" + id, "hi", request{}, 200, "", ""},
		{"no client id", "/push/clients/UPPER", "hi", request{}, 400, "bad_client_id", "client_id"},
		{"no client id excepted", "/push/all?except_client=-", "hi", request{}, 400, "bad_client_id", "except_client"},
		{"unknown parameter", "/push/all?excpet_client=" + id, "hi", request{}, 400, "unknown_field", "excpet_client"},
		{"broken query", "/push/all?except_client=%zz", "hi", request{}, 400, "bad_field", "query"},
		{"text that isn't UTF-8", "/push/all", "a\xffb", request{}, 400, "bad_field", "body"},
		{"one byte too many", "/push/all", strings.Repeat("x", maxPush+1), request{}, 413, "too_large", "body"},
		{"one byte too many, decoded", "/push", `{"all":true,"text":"` + strings.Repeat("x", maxPush+1) + `"}`, request{}, 413, "too_large", "message"},
		{"form", "/push/all", "a=b", request{contentType: "application/x-www-form-urlencoded"}, 415, "unsupported_media_type", "content-type"},
		{"multipart", "/push/all", "--x--", request{contentType: `Multipart/Form-Data; boundary="x"`}, 415, "unsupported_media_type", "content-type"},
		{"form where JSON is wanted", "/push", `{}`, request{contentType: "application/x-www-form-urlencoded"}, 415, "unsupported_media_type", "content-type"},
		{"bytes where JSON is wanted", "/push", `{}`, request{contentType: "application/octet-stream"}, 415, "unsupported_media_type", "content-type"},
		{"compressed", "/push/all", "\x1f\x8b", request{header: http.Header{"Content-Encoding": {"gzip"}}}, 415, "unsupported_media_type", "content-encoding"},
		{"no target", "/push", `{"text":"hi"}`, request{}, 400, "bad_field", "clients"},
		{"no message", "/push", `{"all":true}`, request{}, 400, "bad_field", "text"},
		{"two messages", "/push", `{"all":true,"text":"a","json":1}`, request{}, 400, "bad_field", "json"},
		{"its own action", "/push", `{"action":"close","all":true}`, request{}, 400, "unknown_field", "action"},
		{"empty", "/push", ``, request{}, 400, "bad_json", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			n.t = t
			got := n.expect(tt.status, tt.code, http.MethodPost, tt.path, tt.body, tt.how)
			if tt.field != "" && got.field("field") != `"`+tt.field+`"` {
				t.Errorf("got field %s, want %q", got.field("field"), tt.field)
			}
		})
	}
}
