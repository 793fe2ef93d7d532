#!/bin/busybox sh
# The machine's first and only program: drivers, network, disk, gateway.
# It ends by itself when its disk does, for then the test has.
b=/bin/busybox
set -e # the kernel says so when it ends, and the machine with it
$b mount -t proc proc /proc
$b mount -t sysfs sysfs /sys
$b mount -t devtmpfs devtmpfs /dev
while read -r module; do $b insmod "/modules/$module"; done </modules/order
. /settings
$b ifconfig lo 127.0.0.1
$b ifconfig eth0 10.0.2.15 netmask 255.255.255.0
$b route add default gw 10.0.2.2
$b mount -t ext4 -o "$MOUNT,errors=panic" /dev/vda /disk
echo "machine: the disk's cache is $($b cat /sys/block/vda/queue/write_cache)"
echo "machine: mounted $($b grep /disk /proc/mounts)"
/gatepost serve
