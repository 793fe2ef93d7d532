package webhooks

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

func TestASpanEndsWithWhateverEndsFirst(t *testing.T) {
	errCaller, errEnd := errors.New("the caller"), errors.New("the end")
	for name, tt := range map[string]struct {
		end  func(caller context.CancelCauseFunc, stop context.CancelFunc)
		want error
	}{
		"caller": {func(caller context.CancelCauseFunc, _ context.CancelFunc) { caller(errCaller) }, errCaller},
		"stop":   {func(_ context.CancelCauseFunc, stop context.CancelFunc) { stop() }, errStopped},
		"end":    {func(context.CancelCauseFunc, context.CancelFunc) { time.Sleep(time.Second) }, errEnd},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithCancelCause(t.Context())
				defer cancel(nil)
				stopping, stop := context.WithCancel(t.Context())
				defer stop()
				j := &job{}
				j.begin(ctx, stopping, time.Now().Add(time.Second), errEnd)
				defer j.span.release()
				done := j.span.Done()
				if err := j.span.Err(); err != nil || j.span.cause() != nil || jobOf(j.span) != j {
					t.Fatalf("it begins with %v", err)
				}
				tt.end(cancel, stop)
				synctest.Wait()
				select {
				case <-done:
				default:
					t.Error("who waits isn't told")
				}
				if j.span.Err() == nil || !errors.Is(j.span.cause(), tt.want) {
					t.Errorf("got %v, want %v", j.span.cause(), tt.want)
				}
			})
		})
	}
}

// Nothing is left of a span that somebody has waited for: the bubble would tell.
func TestASpanIsReleased(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j := &job{}
		j.begin(t.Context(), t.Context(), time.Now().Add(time.Hour), errOverdue)
		half := j.span.until(time.Now().Add(time.Minute), errOverdue)
		if at, ok := half.Deadline(); !ok || time.Until(at) != time.Minute {
			t.Errorf("it ends at %v", at)
		}
		done := half.Done()
		half.release()
		<-done
		j.span.release()
		if j.span.Err() != nil {
			t.Error("the half has ended the whole")
		}
	})
}
