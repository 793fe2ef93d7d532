// Command gatepost is the whole gateway in one program: it runs a node, and it
// is the command line for those who build and operate what stands behind it.
//
// This package owns the commands and the wiring; what is wired stands in the
// packages beside it. It promises exit status 0 for success, 1 for what failed
// and 2 for wrong usage, one line on stderr for what went wrong, and that no
// secret is printed but by the commands that make one.
package main

import (
	"os"
)

func main() {
	sh := &shell{
		args: os.Args[1:], environ: os.Environ(),
		in: os.Stdin, out: os.Stdout, err: os.Stderr,
	}
	os.Exit(sh.run())
}
