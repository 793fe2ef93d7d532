// Package powerloss cuts the power of machines that run the gateway, and looks whether
// what docs/operations.md says of that is so.
//
// A machine is a virtual one: Debian's kernel, an ext4 file system for the data
// directory, and the gateway's static binary as it runs in production. Its disk is in
// this process (disk_test.go), has a volatile write cache as real ones do, and forgets
// at a power cut what the machine hadn't flushed: all of it, none of it, or sectors
// chosen at random. The machine's own page cache is lost in any case. What e2fsck finds
// wrong with what is left fails the test too: then the disk is wrong, not the gateway.
//
// A power cut leaves the disk as it is at that moment, whether the machine goes on or
// not. So most cuts are pictures of the disk taken while the machine runs (tens from one
// boot): the file system's journal is replayed, the data directory taken out, and
// another gateway started on it here. Other cuts kill the machine and boot it again on
// what its disk kept.
//
// "make power-loss" runs it. It wants qemu and a kernel, which scripts/power-loss.sh
// installs from Debian, and 10 minutes; without GATEPOST_TEST_KERNEL all of it is
// skipped.
package powerloss
