package protocol

import (
	"context"
	"slices"
	"sync"
	"testing"
)

func TestPartial(t *testing.T) {
	ctx, p := WithPartial(context.Background())
	if p.Header() != "" || p.Nodes() != nil {
		t.Errorf("a fresh one names %v", p.Nodes())
	}
	var wg sync.WaitGroup
	for _, node := range []string{"c", "a", "b d", "a", "ü,%"} {
		wg.Go(func() { PartialOf(ctx).Add(node) })
	}
	wg.Wait()
	if got, want := p.Nodes(), []string{"a", "b d", "c", "ü,%"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if got, want := p.Header(), "a, b%20d, c, %C3%BC%2C%25"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestNoPartial(t *testing.T) {
	p := PartialOf(context.Background())
	p.Add("a")
	if p.Nodes() != nil || p.Header() != "" {
		t.Error("nobody gathers, but there is something")
	}
}
