package cluster

import (
	"fmt"
	"math/rand/v2"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"gatepost/test/harness"
	"gatepost/test/wait"
)

// oddNames are uids and groups that must stay what they are on their way.
var oddNames = []string{"a/b", "*", ">", "ü b", "%", "x.y", "<&>", "%2F"}

// Three nodes with 3,000 clients, spread by chance, answer every call through every node
// as one node with the same clients does: 300 uids whose clients are on several nodes,
// 50 groups.
func TestSameAnswersAsOneNode(t *testing.T) {
	const clients, uids, groups = 3000, 300, 50
	// One after the other: each is a load of its own.
	for _, kind := range []string{"embedded", "external"} {
		t.Run(kind, func(t *testing.T) {
			dies := func(d *harness.Delivery) harness.Answer {
				if strings.HasPrefix(d.Event.Text(), "dies") {
					return harness.Status(400)
				}
				return harness.Answer{}
			}
			env := harness.Env{"GATEPOST_WEBHOOK_EVENTS": "message"}
			backends := [2]*harness.Backend{harness.NewBackend(t, dies), harness.NewBackend(t, dies)}
			var c *harness.Cluster
			if kind == "embedded" {
				c = harness.StartCluster(t, 3, backends[0].Env(env))
			} else {
				c = harness.StartClusterOn(t, harness.StartNATS(t, "127.0.0.1").URL, 3, backends[0].Env(env))
			}
			w := &twins{t: t, calls: map[int]int{}, nodes: c.Nodes, alone: harness.Start(t, backends[1].Env(env))}
			rng := rand.New(rand.NewPCG(4, uint64(len(kind))))
			dials, where := make([]harness.Dial, clients), make([][]int, len(c.Nodes))
			for i := range dials {
				n := rng.IntN(len(c.Nodes))
				where[n] = append(where[n], i)
				claims := harness.Claims{"session": map[string]any{"n": i, "lang": "<ü>"}}
				in := []string{fmt.Sprintf("group-%d", i%groups), fmt.Sprintf("group-%d", rng.IntN(groups))}
				if i%100 == 7 {
					in = append(in, oddNames[rng.IntN(len(oddNames))])
				}
				slices.Sort(in)
				claims["groups"] = slices.Compact(in)
				uid := fmt.Sprintf("uid-%d", rng.IntN(uids))
				switch {
				case i%50 == 3:
					uid = oddNames[rng.IntN(len(oddNames))]
				case i%10 == 9:
					claims["sub"] = nil
				}
				dials[i] = harness.Dial{Path: "/ws?token=" + harness.ClientToken(t, uid, claims)}
			}
			began := time.Now()
			w.sides[0].clients = make([]*harness.Client, clients)
			var connecting sync.WaitGroup
			for n, node := range c.Nodes {
				connecting.Go(func() {
					for k, client := range node.Crowd(t, len(where[n]), func(k int) harness.Dial { return dials[where[n][k]] }) {
						w.sides[0].clients[where[n][k]] = client
					}
				})
			}
			connecting.Go(func() {
				w.sides[1].clients = w.alone.Crowd(t, clients, func(i int) harness.Dial { return dials[i] })
			})
			connecting.Wait()
			for k := range w.sides {
				s := &w.sides[k]
				s.names, s.got = map[string]string{}, make([][]string, clients)
				for i, client := range s.clients {
					s.names[client.ID] = fmt.Sprintf("§%d§", i)
				}
			}
			t.Logf("%d clients are there after %s", 2*clients, time.Since(began))
			began = time.Now()
			for _, stage := range []struct {
				name string
				do   func(*testing.T, *twins)
			}{
				{"queries", queries}, {"pushes", pushes}, {"names", names}, {"sessions", sessions}, {"actions", actions}, {"queries again", queries},
				{"dead letters", func(_ *testing.T, w *twins) { deadLetters(w, backends) }}, {"closes", closings}, {"queries at last", queries},
			} {
				at := time.Now()
				stage.do(t, w)
				t.Logf("%s: %s", stage.name, time.Since(at))
				if t.Failed() {
					return
				}
			}
			t.Logf("calls by status: %v, in %s", w.calls, time.Since(began))
		})
	}
}

func queries(_ *testing.T, w *twins) {
	w.ask("GET", "/stats", "")
	for _, i := range []int{0, 7, 103, 999, 2999} {
		w.ask("GET", fmt.Sprintf("/clients/§%d§", i), "")
		w.ask("HEAD", fmt.Sprintf("/clients/§%d§", i), "")
		w.ask("GET", fmt.Sprintf("/clients/§%d§/session", i), "")
	}
	for _, id := range []string{"nobody", "0123456789abcdefghijklmnop", "-"} {
		w.ask("GET", "/clients/"+id, "")
		w.ask("HEAD", "/clients/"+id, "")
		w.ask("GET", "/clients/"+id+"/session", "")
	}
	for _, name := range append([]string{"uid-1", "uid-299", "nobody"}, oddNames...) {
		w.ask("GET", "/uids/"+url.PathEscape(name), "")
		w.ask("GET", "/groups/"+url.PathEscape(name), "")
	}
	w.ask("GET", "/groups/group-7", "")
	w.walk("/clients", 997)
	w.walk("/clients?fields=client_id,uid", 10_000)
	w.walk("/clients?group=group-7", 10)
	w.walk("/clients?group=group-7&group=group-8&uid=uid-5", 20)
	w.walk("/clients?uid=uid-5&uid=uid-6", 1)
	w.walk("/clients?uid="+url.QueryEscape(oddNames[0]), 3)
	w.walk("/clients?group=nobody", 3)
	for _, limit := range []int{7, 100, 10_000} {
		w.walk("/groups", limit)
		w.walk("/uids", max(limit, 50))
		w.walk("/uids?group=group-3", limit)
		w.walk("/uids?group=group-3&group=group-4", limit)
	}
	w.ask("GET", "/clients?limit=0", "")
	w.ask("GET", "/clients?cursor=nonsense", "")
	w.ask("GET", "/groups?limit=10001", "")
	w.ask("POST", "/lookup", `{"clients":["§1§","§2§","§2998§","nobody"],"uids":["uid-1","uid-2","uid-3","nobody","*","ü b"],"groups":["group-1","group-2","nobody",">"]}`)
	w.ask("POST", "/lookup", `{}`)
}

func pushes(_ *testing.T, w *twins) {
	for n := range w.nodes {
		text := []string{"content-type", "text/plain"}
		w.change(n, "POST", "/push/all", fmt.Sprintf("all %d", n), text...)
		w.change(n, "POST", "/push/all?except_client=§5§&except_client=§1001§", fmt.Sprintf("all but some %d", n), text...)
		for i := range 6 {
			w.change(n, "POST", fmt.Sprintf("/push/clients/§%d§", 10*n+i), "client", text...)
			w.change(n, "POST", fmt.Sprintf("/push/uids/uid-%d", 10*n+i), "uid", text...)
			w.change(n, "POST", fmt.Sprintf("/push/groups/group-%d", 10*n+i), "\x00\xff\x01", "content-type", "application/octet-stream")
		}
		for _, name := range oddNames {
			w.change(n, "POST", "/push/uids/"+url.PathEscape(name), "to "+name, text...)
			w.change(n, "POST", "/push/groups/"+url.PathEscape(name)+"?except_client=§7§", "to "+name, text...)
		}
		w.change(n, "POST", "/push/clients/nobody", "x", text...)
		w.change(n, "POST", "/push/uids/nobody", "x", text...)
		// Named twice and by several: once. Excepts hold on every node.
		w.change(n, "POST", "/push", `{"clients":["§1§","§1§","§2§","§3§","nobody"],"uids":["uid-1","uid-2","uid-1"],"groups":["group-1","group-2","group-3"],"text":"once"}`)
		w.change(n, "POST", "/push", `{"uids":["uid-4","uid-5"],"groups":["group-4"],"all":true,"except_clients":["§4§","§54§","§104§"],"except_uids":["uid-5","uid-6"],"json":{"a":[1.50]}}`)
		w.change(n, "POST", "/push", `{"groups":["group-4","group-9"],"except_uids":["uid-1","uid-7","*"],"binary":"AP8B"}`)
		w.change(n, "POST", "/push", `{"text":"to nobody"}`)
		w.change(n, "POST", "/push", `{"clients":[],"text":"to nobody"}`)
	}
	w.received()
}

func names(_ *testing.T, w *twins) {
	for n := range w.nodes {
		at := 100 + 40*n
		for i := range 4 {
			w.change(n, "POST", "/bind", fmt.Sprintf(`{"client_id":"§%d§","uid":%q}`, at+i, append(oddNames, "42")[n+i]))
			w.change(n, "POST", "/bind", fmt.Sprintf(`{"client_id":"§%d§","uid":"new-%d"}`, at+4+i, i%2))
			w.change(n, "POST", "/unbind", fmt.Sprintf(`{"client_id":"§%d§"}`, at+8+i))
			w.ask("GET", fmt.Sprintf("/uids/new-%d", i%2), "")
			w.ask("GET", fmt.Sprintf("/clients/§%d§", at+8+i), "")
		}
		w.change(n, "POST", "/bind", `{"client_id":"nobody","uid":"x"}`)
		w.change(n, "POST", "/unbind", `{"client_id":"nobody"}`)
		w.change(n, "POST", "/bind", `{"client_id":"§1§","uid":""}`)

		all := quoted(at, at+11, at+12, at+13, at+14)
		w.change(n, "POST", "/groups/fresh/join", `{"clients":`+all+`}`)
		w.ask("GET", "/groups/fresh", "")
		w.change(n+1, "POST", "/groups/fresh/join", fmt.Sprintf(`{"client_id":"§%d§"}`, at+15))
		w.change(n+2, "POST", "/groups/fresh/join", fmt.Sprintf(`{"uids":["uid-%d","uid-%d","nobody","*"]}`, at, at+1))
		w.ask("GET", "/clients?group=fresh&fields=client_id,groups", "")
		w.change(n, "POST", "/groups/fresh/leave", `{"clients":["nobody",`+all[1:]+`}`)
		w.ask("GET", "/groups/fresh", "")
		w.change(n, "POST", "/groups/fresh/leave", fmt.Sprintf(`{"uids":["uid-%d","nobody"]}`, at))
		w.ask("GET", "/uids?group=fresh", "")
		w.change(n, "DELETE", "/groups/fresh", "")
		w.change(n, "DELETE", "/groups/fresh", "")
		w.change(n, "DELETE", fmt.Sprintf("/groups/group-%d", 40+n), "")
		w.ask("GET", fmt.Sprintf("/groups/group-%d", 40+n), "")
		w.change(n, "POST", "/groups/"+url.PathEscape(oddNames[n])+"/join", `{"clients":`+all+`,"uids":["uid-9"]}`)
	}
	w.ask("GET", "/stats", "")
}

func sessions(t *testing.T, w *twins) {
	for n := range w.nodes {
		for i := range 4 {
			path := fmt.Sprintf("/clients/§%d§/session", 300+10*n+i)
			w.change(n, "PUT", path, `{"a":{"b":1.50,"c":"ü"},"d":null}`)
			w.change(n+1, "PATCH", path, `{"a":{"c":null,"e":[1,2]},"d":12345678901234567890}`)
			w.change(n+2, "PATCH", path+"?mode=update", `{"a":{"b":null},"f":true}`)
			got, _ := w.change(n, "GET", path, "")
			tag := got.Header.Get("etag") // the same on both sides, as ask has seen
			if tag == "" {
				t.Errorf("%s has no etag", path)
			}
			w.change(n+1, "PUT", path, `{"g":1}`, "if-match", tag)
			w.change(n+2, "PUT", path, `{"h":1}`, "if-match", tag) // 412
			w.change(n, "PATCH", path, `{"h":1}`, "if-match", "*")
			w.ask("GET", path, "")
		}
		w.change(n, "PUT", "/clients/nobody/session", `{}`)
		w.change(n, "PUT", "/clients/§1§/session", `[1]`)
		w.change(n, "PUT", "/clients/§1§/session", `{"long":"`+strings.Repeat("x", 17<<10)+`"}`)
		w.change(n, "PUT", fmt.Sprintf("/clients/§%d§/until", 390+n), `{"at":4000000000}`)
		w.change(n, "PUT", fmt.Sprintf("/clients/§%d§/until", 390+n), `{"at":null}`)
		w.change(n, "PUT", "/clients/nobody/until", `{"at":null}`)
		w.change(n, "PUT", fmt.Sprintf("/clients/§%d§/until", 395+n), fmt.Sprintf(`{"at":%d}`, time.Now().Unix()))
		w.ended(395+n, 4001, "")
	}
}

func actions(_ *testing.T, w *twins) {
	for n := range w.nodes {
		at := 400 + 30*n
		w.change(n, "POST", "/actions", stands.ReplaceAllStringFunc(`{"actions":[
			{"action":"bind","client_id":"§0§","uid":"acted"}, {"action":"bind","client_id":"§1§","uid":"acted"}, {"action":"bind","client_id":"nobody","uid":"acted"},
			{"action":"join","uids":["acted"],"groups":["acted","acted too"]}, {"action":"send","groups":["acted"],"uids":["acted"],"text":"acted"},
			{"action":"session","client_id":"§1§","merge":{"x":1}}, {"action":"leave","client_id":"§0§","groups":["acted","never"]},
			{"action":"send","groups":["acted too"],"except_clients":["§1§"],"json":{"n":1}}, {"action":"unbind","client_id":"§1§"},
			{"action":"until","client_id":"§2§","at":null}, {"action":"dissolve","group":"acted too"},
			{"action":"close","clients":["§3§","nobody"],"code":4100,"reason":"acted","text":"bye"}]}`, func(name string) string {
			var i int
			_, _ = fmt.Sscanf(name, "§%d§", &i)
			return fmt.Sprintf("§%d§", at+i)
		}))
		w.ended(at+3, 4100, "bye")
		w.ask("GET", "/groups/acted", "")
		w.ask("GET", "/uids/acted", "")
		w.change(n, "POST", "/actions", `{"actions":[]}`)
		w.change(n, "POST", "/actions", `{"actions":[{"action":"dance"}]}`)
	}
	w.received()
}

func deadLetters(w *twins, backends [2]*harness.Backend) {
	const letters = 9
	for i := range letters { // one after the other: the list is in that order
		for k := range w.sides {
			s, n := &w.sides[k], []*harness.Node{w.nodes[0], w.alone}[k]
			s.clients[500+i].Send(w.t, fmt.Sprintf("dies %d", i))
			var list struct {
				Events []struct {
					ID       string
					ClientID string `json:"client_id"`
				}
			}
			wait.For(w.t, "the letter is dead", func() bool {
				decode(w.t, n.API(w.t, "admin").Do("GET", "/events/dead", "").Body, &list)
				return len(list.Events) == i+1
			})
			for _, ev := range list.Events {
				_, id, _ := strings.Cut(ev.ID, "_")
				s.names[id] = "letter of " + s.names[ev.ClientID]
			}
		}
	}
	w.walk("/events/dead", 2)
	w.walk("/events/dead", 100)
	letter := func(k, i int) string {
		for id, name := range w.sides[k].names {
			if name == fmt.Sprintf("letter of §%d§", 500+i) {
				return "evt_" + id
			}
		}
		w.t.Fatalf("no letter of client %d", i)
		return ""
	}
	both := func(n, i int, method, path, body string) {
		w.t.Helper()
		got := w.do(&w.sides[0], w.nodes[n], method, strings.ReplaceAll(path, "LETTER", letter(0, i)), strings.ReplaceAll(body, "LETTER", letter(0, i)), nil)
		want := w.do(&w.sides[1], w.alone, method, strings.ReplaceAll(path, "LETTER", letter(1, i)), strings.ReplaceAll(body, "LETTER", letter(1, i)), nil)
		w.same(w.nodes[n], got, want, method, path, body)
	}
	for n := range w.nodes {
		both(n, 0, "DELETE", "/events/dead/evt_nobody", "")
		both(n, n, "DELETE", "/events/dead/LETTER", "")
		both(n, n, "DELETE", "/events/dead/LETTER", "")
		both(n, 3+n, "POST", "/events/dead/replay", `{"ids":["LETTER"]}`)
	}
	for _, b := range backends {
		b.Await(w.t, letters+3, harness.Of("message", ""))
		b.Script(nil)
	}
	failed := func(s *side, n *harness.Node) int { // attempts of all that is dead
		return strings.Count(strings.Join(w.pages(s, n, "/events/dead", 100), ""), `"status":400`)
	}
	wait.For(w.t, "the replayed are dead again", func() bool { // three were dropped, and three of the others tried twice
		return failed(&w.sides[0], w.nodes[0]) == letters && failed(&w.sides[1], w.alone) == letters
	})
	both(1, 8, "POST", "/events/dead/replay", `{"all":true}`)
	for _, b := range backends {
		b.Await(w.t, 2*letters, harness.Of("message", ""))
	}
	wait.For(w.t, "none is dead", func() bool {
		return len(w.pages(&w.sides[0], w.nodes[0], "/events/dead", 100)) == 0 && len(w.pages(&w.sides[1], w.alone, "/events/dead", 100)) == 0
	})
}

func closings(_ *testing.T, w *twins) {
	for n := range w.nodes {
		at := 600 + 30*n
		w.change(n, "DELETE", fmt.Sprintf("/clients/§%d§?code=4101&reason=go", at), "last words", "content-type", "text/plain")
		w.ended(at, 4101, "last words")
		w.change(n, "DELETE", fmt.Sprintf("/clients/§%d§", at), "")
		w.change(n+1, "DELETE", fmt.Sprintf("/clients/§%d§", at+1), "")
		w.ended(at+1, 1000, "")
		w.change(n+2, "DELETE", fmt.Sprintf("/clients/§%d§?code=4102&force=true", at+2), "")
		w.change(n, "DELETE", "/clients/nobody", "")
		w.change(n, "DELETE", fmt.Sprintf("/clients/§%d§?code=3000", at+3), "")
		w.change(n, "POST", "/groups/leaving/join", `{"clients":`+quoted(at+4, at+5, at+6, at+7)+`,"uids":["uid-`+fmt.Sprint(20+n)+`"]}`)
		w.change(n, "POST", "/close", fmt.Sprintf(`{"groups":["leaving"],"clients":["§%d§","§%d§"],"except_clients":["§%d§"],"code":4103,"reason":"all","text":"bye"}`, at+4, at+8, at+5))
		for _, i := range []int{4, 6, 7, 8} {
			w.ended(at+i, 4103, "bye")
		}
		w.ask("GET", "/groups/leaving", "")
		w.change(n, "POST", "/close", fmt.Sprintf(`{"uids":["uid-%d","nobody"],"code":4104}`, 50+n))
		w.change(n+1, "POST", "/close", `{"clients":["nobody"]}`)
		w.change(n+2, "POST", "/close", `{"clients":["§0§"],"code":1001}`)
	}
	wait.For(w.t, "all who leave are gone", func() bool {
		sum := [2]string{}
		for k, n := range []*harness.Node{w.nodes[0], w.alone} {
			sum[k] = w.sides[k].plain(w.do(&w.sides[k], n, "GET", "/stats", "", nil).Body)
		}
		return sum[0] == sum[1]
	})
}
