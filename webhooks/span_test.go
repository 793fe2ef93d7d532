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
				s := newSpan(ctx, stopping, j, time.Now().Add(time.Second), errEnd)
				defer s.release()
				done := s.Done()
				if err := s.Err(); err != nil || s.cause() != nil || jobOf(s) != j {
					t.Fatalf("it begins with %v", err)
				}
				tt.end(cancel, stop)
				synctest.Wait()
				select {
				case <-done:
				default:
					t.Error("who waits isn't told")
				}
				if s.Err() == nil || !errors.Is(s.cause(), tt.want) {
					t.Errorf("got %v, want %v", s.cause(), tt.want)
				}
			})
		})
	}
}

// Nothing is left of a span that somebody has waited for: the bubble would tell.
func TestASpanIsReleased(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j := &job{}
		s := newSpan(t.Context(), t.Context(), j, time.Now().Add(time.Hour), errOverdue)
		half := s.until(time.Now().Add(time.Minute), errOverdue)
		if at, ok := half.Deadline(); !ok || time.Until(at) != time.Minute {
			t.Errorf("it ends at %v", at)
		}
		done := half.Done()
		half.release()
		<-done
		s.release()
		if s.Err() != nil {
			t.Error("the half has ended the whole")
		}
	})
}
