package php

import (
	"context"
	"io/fs"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"gatepost/test/harness"
)

// sdk is where the library lies, as seen from this package.
const sdk = "../../sdk/php"

// The library's own tests start nodes of their own from GATEPOST_BINARY.
func TestPHPUnit(t *testing.T) {
	phpunit, err := exec.LookPath("phpunit")
	if err != nil {
		t.Fatal("phpunit is missing: run scripts/setup.sh")
	}
	// APCu is off on the command line unless it is told otherwise.
	out := run(t, 2*time.Minute, []string{"GATEPOST_BINARY=" + harness.Binary()}, "php", "-d", "apc.enable_cli=1", phpunit)
	for line := range strings.Lines(out) {
		if strings.HasPrefix(line, "OK") {
			t.Log(line)
		}
	}
	if strings.Contains(out, "skipped") || strings.Contains(out, "Skipped") {
		t.Errorf("tests were skipped:\n%s", out)
	}
}

func TestEveryFileIsPHP(t *testing.T) {
	var files []string
	for _, dir := range []string{sdk, "../../examples"} {
		err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
			switch {
			case err != nil:
				return err
			case entry.IsDir() && (entry.Name() == "vendor" || entry.Name() == "node_modules"):
				return filepath.SkipDir
			case strings.HasSuffix(path, ".php"):
				files = append(files, path)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if len(files) < 20 {
		t.Fatalf("only %d files were found", len(files))
	}
	var looking sync.WaitGroup
	slots := make(chan struct{}, 4)
	for _, file := range files {
		slots <- struct{}{}
		looking.Go(func() {
			defer func() { <-slots }()
			if out, err := exec.CommandContext(t.Context(), "php", "-l", file).CombinedOutput(); err != nil {
				t.Errorf("php -l %s: %v\n%s", file, err, out)
			}
		})
	}
	looking.Wait()
}

// PSR-12, as PHP_CodeSniffer has it.
func TestCodingStyle(t *testing.T) {
	if out := run(t, time.Minute, nil, "phpcs", "--standard=PSR12", "--extensions=php", "--warning-severity=0", "--ignore=*/vendor/*", "."); strings.Contains(out, "ERROR") {
		t.Error(out)
	}
}

// run runs a command in the library's folder and returns what it printed; the
// test ends where it fails.
func run(t *testing.T, within time.Duration, env []string, name string, args ...string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), within)
	defer cancel()
	command := exec.CommandContext(ctx, name, args...)
	command.Dir = sdk
	command.Env = harness.Environ(env...)
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // what it has started ends with it
	command.Cancel = func() error { return syscall.Kill(-command.Process.Pid, syscall.SIGKILL) }
	command.WaitDelay = time.Second
	out, err := command.CombinedOutput()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
	return string(out)
}
