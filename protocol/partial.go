package protocol

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
)

// Partial gathers the nodes that a call concerned and that didn't answer. Its
// methods may be called from any goroutine, and on nil.
type Partial struct {
	mu    sync.Mutex
	nodes []string // guarded by mu; sorted, each once
}

type partialKey struct{}

// WithPartial is ctx with a Partial that whoever works on the call adds to.
func WithPartial(ctx context.Context) (context.Context, *Partial) {
	p := &Partial{}
	return context.WithValue(ctx, partialKey{}, p), p
}

// PartialOf is the Partial that ctx carries, or nil.
func PartialOf(ctx context.Context) *Partial {
	p, _ := ctx.Value(partialKey{}).(*Partial)
	return p
}

// Add notes the names of nodes that didn't answer.
func (p *Partial) Add(nodes ...string) {
	if p == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, node := range nodes {
		if i, known := slices.BinarySearch(p.nodes, node); !known {
			p.nodes = slices.Insert(p.nodes, i, node)
		}
	}
}

// Nodes are the names so far, sorted, each once.
func (p *Partial) Nodes() []string {
	if p == nil {
		return nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.nodes)
}

// PartialHeader names the nodes of a Partial in an answer.
const PartialHeader = "gatepost-partial"

// Header is the value of PartialHeader: the names, separated by ", ". In a name,
// what isn't a letter, a digit or one of -._~!#$&'*+^`|: is percent-encoded.
func (p *Partial) Header() string {
	nodes := p.Nodes()
	for i, node := range nodes {
		nodes[i] = headerWord(node)
	}
	return strings.Join(nodes, ", ")
}

func headerWord(s string) string {
	var b strings.Builder
	for _, c := range []byte(s) {
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', strings.IndexByte("-._~!#$&'*+^`|:", c) >= 0:
			b.WriteByte(c)
		default:
			_, _ = fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	return b.String()
}
