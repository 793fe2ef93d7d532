package socket

import (
	"io"
	"os"
	"os/exec"
	"runtime"
	"testing"
	"time"
)

// A call wakes a process that was idle, and is much work: whoever waits beside it on
// the same processor has his turn before it ends.
func TestWatchedWorkMakesWay(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	caller, hangsUp := pair(t)
	beside, there := pair(t)
	// Another process wakes this one, since a timer would wake the monitor too.
	file, err := hangsUp.File()
	if err != nil {
		t.Fatal(err)
	}
	other := exec.Command("sleep", "0.2")
	other.ExtraFiles = []*os.File{file}
	if err := other.Start(); err != nil {
		t.Fatal(err)
	}
	defer other.Wait()
	file.Close()
	hangsUp.Close()

	turn := make(chan time.Time, 1)
	go func() {
		if _, err := beside.Read(make([]byte, 1)); err != nil {
			t.Error(err)
		}
		turn <- time.Now()
	}()
	if _, err := caller.Read(make([]byte, 1)); err != io.EOF {
		t.Fatal(err)
	}
	Watch()
	if _, err := Of(there).Write([]byte("x")); err != nil {
		t.Error(err)
	}
	begun := time.Now()
	for time.Since(begun) < 300*time.Millisecond {
	}
	ended := time.Now()
	if had := <-turn; !had.Before(ended) {
		t.Errorf("the other had his turn %v after %v of work", had.Sub(ended), ended.Sub(begun))
	}
}
