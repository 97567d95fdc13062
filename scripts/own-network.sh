# To be sourced, within a network and a mount space of its own (`unshare --net --mount`).

# Makes the space usable for an engine: loopback is up, and /sys shows this network's devices, which it does not by itself.
#
# Usage: set_up_network FOLDER, which is there and writable
set_up_network() {
    local groups=$1/groups
    ip link set lo up && mkdir "$groups" && mount --rbind /sys/fs/cgroup "$groups" && mount -t sysfs sysfs /sys &&
        mount --rbind "$groups" /sys/fs/cgroup && umount --lazy "$groups" && rmdir "$groups"
}
