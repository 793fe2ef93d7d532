package sqlite

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"gatepost/test/storetest"
)

const childDir = "GATEPOST_STORE_TEST_CHILD"

// writeUntilKilled is the child's work: numbered records, every other one
// deleted again, with compaction; it prints each number that was acknowledged.
func writeUntilKilled(dir string) {
	s, err := Open(Options{Dir: dir, Sync: 100 * time.Millisecond, MaxBytes: 64 << 20})
	if err != nil {
		fmt.Println("error", err)
		return
	}
	out := bufio.NewWriter(os.Stdout)
	for i := 0; ; i++ {
		c := s.Put(fmt.Sprintf("k/%09d", i), fmt.Appendf(nil, "%d%s", i, strings.Repeat(".", 500)))
		if i%2 == 1 {
			c = s.Delete(fmt.Sprintf("k/%09d", i))
		}
		if old := i - 20000; old >= 0 {
			s.Delete(fmt.Sprintf("k/%09d", old))
		}
		if i%97 == 0 {
			if err := c.Wait(context.Background()); err != nil {
				fmt.Println("error", err)
				return
			}
			fmt.Fprintln(out, i)
			out.Flush()
		}
	}
}

// What was acknowledged is there after kill -9 at any moment, and what was
// written is there in its order: nothing of it overtakes anything else.
func TestKilledAtAnyMoment(t *testing.T) {
	for round := range 4 {
		dir := t.TempDir()
		child := exec.Command(os.Args[0])
		child.Env = append(os.Environ(), childDir+"="+dir)
		pipe, err := child.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := child.Start(); err != nil {
			t.Fatal(err)
		}
		out := bufio.NewReader(pipe)
		first, err := out.ReadString('\n')
		if err != nil {
			t.Fatal(err)
		}
		// The moment is arbitrary.
		time.AfterFunc(time.Duration(round*350)*time.Millisecond, func() { _ = child.Process.Kill() })
		rest, err := io.ReadAll(out)
		if err != nil {
			t.Fatal(err)
		}
		_ = child.Wait()
		said := strings.Split(strings.TrimSpace(first+string(rest)), "\n")
		var sure int
		if _, err := fmt.Sscan(said[len(said)-1], &sure); err != nil {
			t.Fatalf("the child says %q", said[len(said)-1])
		}

		o := in(t, dir)
		o.MaxBytes = 64 << 20
		s := open(t, o)
		if d := s.Opened().Damage; d != "" {
			t.Errorf("damage: %s", d)
		}
		got := storetest.Content(t, s)
		last := -1
		for key, value := range got {
			var i int
			if _, err := fmt.Sscanf(key, "k/%d", &i); err != nil || !strings.HasPrefix(value, fmt.Sprintf("%d.", i)) {
				t.Fatalf("%s is %.20q", key, value)
			}
			last = max(last, i)
		}
		if last < sure-1 {
			t.Errorf("the last record is %d, %d was acknowledged", last, sure)
		}
		for i := max(0, last-19990); i < last; i++ {
			if _, ok := got[fmt.Sprintf("k/%09d", i)]; ok != (i%2 == 0) {
				t.Fatalf("of %d records, the last one %d: is %d there: %v", len(got), last, i, ok)
			}
		}
		for i := range last - 20001 {
			if _, ok := got[fmt.Sprintf("k/%09d", i)]; ok {
				t.Fatalf("of %d records, the last one %d: %d is back", len(got), last, i)
			}
		}
		t.Logf("%d acknowledged, %d found, %d bytes, opened in %v", sure, last, s.Opened().Bytes, s.Opened().Took)
		storetest.Shut(t, s)
	}
}
