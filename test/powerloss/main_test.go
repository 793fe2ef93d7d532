package powerloss

import (
	"os"
	"testing"

	"gatepost/test/harness"
)

// kernelSetting names the directory with the kernel's package, unpacked. Without it
// nothing is tested here.
const kernelSetting = "GATEPOST_TEST_KERNEL"

func TestMain(m *testing.M) {
	if os.Getenv(kernelSetting) == "" {
		os.Exit(m.Run())
	}
	// The machine has no libraries.
	if err := os.Setenv("CGO_ENABLED", "0"); err != nil {
		panic(err)
	}
	harness.Main(m)
}

// needsKernel skips a test where there is no kernel to boot.
func needsKernel(t *testing.T) {
	t.Helper()
	if os.Getenv(kernelSetting) == "" {
		t.Skip(`"make power-loss" runs this`)
	}
}
