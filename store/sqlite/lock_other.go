//go:build !unix

package sqlite

import "os"

// lockFile can't lock on this system: it is the operator's to see that one
// process uses a directory.
func lockFile(*os.File) error { return nil }
