package harness

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// InstallNPM installs a folder's npm packages as its lock file has them, unless
// they are there already. Only the packages are downloaded: no script of theirs is
// run.
func InstallNPM(t testing.TB, folder string) {
	t.Helper()
	locked, err := os.Stat(filepath.Join(folder, "package-lock.json"))
	if err != nil {
		t.Fatal(err)
	}
	installed, err := os.Stat(filepath.Join(folder, "node_modules", ".package-lock.json"))
	if err == nil && !installed.ModTime().Before(locked.ModTime()) {
		return
	}
	npm := exec.Command("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund")
	npm.Dir = folder
	if out, err := npm.CombinedOutput(); err != nil {
		t.Fatalf("npm ci in %s (Debian's packages nodejs and npm have it): %v\n%s", folder, err, out)
	}
}
