package cluster

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"gatepost/test/harness"
	"gatepost/test/wait"
)

// twins are the same clients on a cluster and on a node that is alone. What is asked of
// both must be answered alike.
type twins struct {
	t     *testing.T
	nodes []*harness.Node
	alone *harness.Node
	sides [2]side     // of the cluster, of the node that is alone
	calls map[int]int // by status, for the log
}

// side is the clients on one of the two.
type side struct {
	clients []*harness.Client
	names   map[string]string // what stands for an id, so that both sides have the same
	queued  int               // messages that the reports so far say were queued
	got     [][]string        // what each client has received
}

// Names in paths and bodies: §12§ is the id of the twelfth client.
var (
	stands = regexp.MustCompile(`§\d+§`)
	ids    = regexp.MustCompile(`[a-z0-9]{24,40}`)
)

// fill puts a side's ids in.
func (s *side) fill(text string) string {
	return stands.ReplaceAllStringFunc(text, func(name string) string {
		i, _ := strconv.Atoi(strings.Trim(name, "§"))
		return s.clients[i].ID
	})
}

// blank takes a side's ids out.
func (s *side) blank(text string) string {
	return ids.ReplaceAllStringFunc(text, func(id string) string {
		if name, ok := s.names[id]; ok {
			return name
		}
		return id
	})
}

// plain is an answer's body without what must differ: ids, nodes and times. Lists that
// are in the order of ids are in that of what stands for them.
func (s *side) plain(body []byte) string {
	var value any
	decoder := json.NewDecoder(strings.NewReader(s.blank(string(body))))
	decoder.UseNumber()
	if decoder.Decode(&value) != nil {
		return string(body)
	}
	text, _ := json.Marshal(plain("", value))
	return string(text)
}

func plain(key string, value any) any {
	switch v := value.(type) {
	case map[string]any:
		for name := range v {
			switch {
			case slices.Contains([]string{"node", "nodes", "version", "uptime_s", "connected_at", "died_at", "at", "webhooks"}, name):
				delete(v, name)
			case name == "cursor":
				v[name] = v[name] != nil
			default:
				v[name] = plain(name, v[name])
			}
		}
	case []any:
		for i := range v {
			v[i] = plain("", v[i])
		}
		if key != "results" && key != "attempts" {
			slices.SortFunc(v, func(a, b any) int { return strings.Compare(fmt.Sprint(a), fmt.Sprint(b)) })
		}
	}
	return value
}

// ask puts a question to the node that is alone and to every node of the cluster.
func (w *twins) ask(method, path, body string, header ...string) {
	w.t.Helper()
	want := w.do(&w.sides[1], w.alone, method, path, body, header)
	for _, n := range w.nodes {
		w.same(n, w.do(&w.sides[0], n, method, path, body, header), want, method, path, body)
	}
}

// change has something done by the node that is alone and through one of the cluster.
func (w *twins) change(through int, method, path, body string, header ...string) (got, want *harness.Response) {
	w.t.Helper()
	n := w.nodes[through%len(w.nodes)]
	got = w.do(&w.sides[0], n, method, path, body, header)
	want = w.do(&w.sides[1], w.alone, method, path, body, header)
	w.same(n, got, want, method, path, body)
	return got, want
}

func (w *twins) do(s *side, n *harness.Node, method, path, body string, header []string) *harness.Response {
	w.t.Helper()
	filled := slices.Clone(header)
	for i := range filled {
		filled[i] = s.fill(filled[i])
	}
	began := time.Now()
	r := n.API(w.t, "*").Do(method, s.fill(path), s.fill(body), filled...)
	w.calls[r.Status]++
	if took := time.Since(began); took > callLimit {
		w.t.Errorf("%s %s through %s took %s", method, path, n.Name(), took)
	}
	var report struct {
		Queued  int
		Results []struct{ Queued int }
	}
	if r.Status == http.StatusOK && json.Unmarshal(r.Body, &report) == nil {
		s.queued += report.Queued
		for _, one := range report.Results {
			s.queued += one.Queued
		}
	}
	return r
}

func (w *twins) same(n *harness.Node, got, want *harness.Response, method, path, body string) {
	w.t.Helper()
	if partial := got.Header.Get("gatepost-partial"); partial != "" {
		w.t.Errorf("%s %s through %s is without %s", method, path, n.Name(), partial)
	}
	if g, a := w.sides[0].plain(got.Body), w.sides[1].plain(want.Body); got.Status != want.Status || g != a {
		w.t.Errorf("%s %s %.300s through %s:\n got %d %.1000s\nwant %d %.1000s", method, path, body, n.Name(), got.Status, g, want.Status, a)
	}
	for _, name := range []string{"content-type", "etag"} {
		if g, a := got.Header.Get(name), want.Header.Get(name); g != a {
			w.t.Errorf("%s %s through %s: %s %q, want %q", method, path, n.Name(), name, g, a)
		}
	}
}

// walk reads a list to its end, on all nodes and by pages of this size. In a list of
// names every page must be the same; one of clients is in an order of its own, but each
// is there once.
func (w *twins) walk(path string, limit int) {
	w.t.Helper()
	want := w.pages(&w.sides[1], w.alone, path, limit)
	for _, n := range w.nodes {
		got := w.pages(&w.sides[0], n, path, limit)
		if !slices.Equal(got, want) {
			at := 0
			for at < min(len(got), len(want)) && got[at] == want[at] {
				at++
			}
			w.t.Errorf("%s by %d through %s: %d entries, want %d; from the %d. on\n got %.500v\nwant %.500v", path, limit, n.Name(), len(got), len(want), at, got[at:], want[at:])
		}
	}
}

// pages are a list's entries, with where each page ends where that is the same on both
// sides.
func (w *twins) pages(s *side, n *harness.Node, path string, limit int) (entries []string) {
	w.t.Helper()
	join := "?"
	if strings.Contains(path, "?") {
		join = "&"
	}
	lastID := ""
	for cursor := ""; ; {
		r := w.do(s, n, "GET", fmt.Sprint(path, join, "limit=", limit, cursor), "", nil)
		var page struct {
			Clients, Events []json.RawMessage
			Groups, UIDs    map[string]json.RawMessage
			Cursor          *string
		}
		if err := json.Unmarshal(r.Body, &page); err != nil || r.Status != http.StatusOK || r.Header.Get("gatepost-partial") != "" {
			w.t.Fatalf("%s: %d %.300s", path, r.Status, r.Body)
		}
		if page.Groups == nil {
			page.Groups = page.UIDs
		}
		size := len(page.Clients) + len(page.Groups) + len(page.Events)
		if size > limit || size < limit && page.Cursor != nil {
			w.t.Errorf("%s by %d through %s: a page of %d", path, limit, n.Name(), size)
		}
		for _, raw := range page.Clients {
			var client struct {
				ID string `json:"client_id"`
			}
			decode(w.t, raw, &client)
			if client.ID <= lastID {
				w.t.Errorf("%s by %d through %s: %s after %s", path, limit, n.Name(), client.ID, lastID)
			}
			lastID = client.ID
			entries = append(entries, s.plain(raw))
		}
		for _, raw := range page.Events {
			entries = append(entries, s.plain(raw))
		}
		for _, name := range slices.Sorted(maps.Keys(page.Groups)) {
			entries = append(entries, name+" "+s.plain(page.Groups[name]))
		}
		if page.Cursor == nil {
			break
		}
		if len(page.Groups) > 0 {
			entries = append(entries, "end of page")
		}
		cursor = "&cursor=" + url.QueryEscape(*page.Cursor)
	}
	if lastID != "" {
		slices.Sort(entries)
	}
	return entries
}

// received waits until all that was queued has come, and compares what each client got.
func (w *twins) received() {
	w.t.Helper()
	for i := range w.sides {
		s := &w.sides[i]
		total := 0
		for deadline := time.Now().Add(wait.Patience); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
			total = 0
			for k, client := range s.clients {
				for client.Waiting() > 0 {
					f := client.Next(w.t)
					s.got[k] = append(s.got[k], s.blank(fmt.Sprint(f.Binary, " ", string(f.Data))))
				}
				total += len(s.got[k])
			}
			if total >= s.queued {
				break
			}
		}
		if total != s.queued {
			w.t.Errorf("%d messages came, %d were queued, on %s", total, s.queued, []string{"the cluster", "the one node"}[i])
		}
	}
	wrong := 0
	for k, got := range w.sides[0].got {
		want := w.sides[1].got[k]
		slices.Sort(got) // pushes through several nodes have no order
		slices.Sort(want)
		if !slices.Equal(got, want) {
			if wrong++; wrong < 5 {
				w.t.Errorf("client §%d§ got\n%.500q\nwant\n%.500q", k, got, want)
			}
		}
		w.sides[0].got[k], w.sides[1].got[k] = nil, nil
	}
	w.sides[0].queued, w.sides[1].queued = 0, 0
}

// ended waits for the end of a client on both sides, with this code and last words.
func (w *twins) ended(i, code int, words string) {
	w.t.Helper()
	for _, s := range w.sides {
		client := s.clients[i]
		if words != "" {
			client.WantText(w.t, words)
		}
		client.WantClosed(w.t, code)
	}
}

// quoted is §i§ for each, as a JSON array.
func quoted(which ...int) string {
	var out bytes.Buffer
	out.WriteByte('[')
	for n, i := range which {
		if n > 0 {
			out.WriteByte(',')
		}
		fmt.Fprintf(&out, `"§%d§"`, i)
	}
	out.WriteByte(']')
	return out.String()
}
