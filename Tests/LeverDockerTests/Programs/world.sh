#!/usr/bin/env bash
# A machine with containers, and the world around it, made of network namespaces whose names begin with PREFIX:
#
#   PREFIXhost   the machine, with bridges: lvone and lvtwo are environments, lvshut is one without internet, apart is none of
#                ours. Port 8081 of the machine is published by the container on apart.
#   PREFIXa, b   containers on lvone    10.77.1.2 and .3, fd77:1::2 and ::3
#   PREFIXc      a container on lvtwo   10.77.2.2
#   PREFIXd      a container on lvshut  10.77.3.2
#   PREFIXe      a container on apart   10.77.9.2
#   PREFIXworld  another machine, 203.0.113.2; the internet is 198.51.100.7, a cloud's metadata 169.254.169.254, and its
#                name server 169.254.169.253
#
# Prints "ready" when all is there; its standard input's end takes it down again.
# Usage: world.sh PREFIX
set -euo pipefail
prefix=$1
programs=$(dirname "$0")
servers=()

end() {
    trap - EXIT
    for server in "${servers[@]}"; do kill "$server" 2>/dev/null || true; done
    for name in host a b c d e world; do ip netns delete "$prefix$name" 2>/dev/null || true; done
}
trap end EXIT

within() { local name=$1; shift; ip netns exec "$prefix$name" "$@"; }

# A cable from a namespace's eth0 to a device of the machine.
cable() {
    ip -n "${prefix}host" link add "$2" type veth peer name eth0 netns "$prefix$1"
    ip -n "${prefix}host" link set "$2" up
    ip -n "$prefix$1" link set eth0 up
}

bridge() {
    ip -n "${prefix}host" link add "$1" type bridge
    ip -n "${prefix}host" address add "10.77.$2.1/24" dev "$1"
    ip -n "${prefix}host" address add "fd77:$2::1/64" dev "$1" nodad
    ip -n "${prefix}host" link set "$1" up
}

container() {
    cable "$1" "to-$1"
    ip -n "${prefix}host" link set "to-$1" master "$2"
    ip -n "$prefix$1" address add "10.77.$3.$4/24" dev eth0
    ip -n "$prefix$1" address add "fd77:$3::$4/64" dev eth0 nodad
    ip -n "$prefix$1" route add default via "10.77.$3.1"
    ip -n "$prefix$1" route add default via "fd77:$3::1"
}

for name in host a b c d e world; do
    ip netns add "$prefix$name"
    ip -n "$prefix$name" link set lo up
done
bridge lvone 1; bridge lvtwo 2; bridge lvshut 3; bridge apart 9
container a lvone 1 2; container b lvone 1 3; container c lvtwo 2 2; container d lvshut 3 2; container e apart 9 2
cable world uplink
ip -n "${prefix}host" address add 203.0.113.1/24 dev uplink
ip -n "${prefix}host" route add default via 203.0.113.2
for address in 203.0.113.2/24 198.51.100.7/32 169.254.169.254/32 169.254.169.253/32; do
    ip -n "${prefix}world" address add "$address" dev eth0
done
ip -n "${prefix}world" route add 10.77.0.0/16 via 203.0.113.1

within host sh -c 'echo 1 >/proc/sys/net/ipv4/ip_forward; echo 1 >/proc/sys/net/ipv6/conf/all/forwarding'
# As an engine publishes a port.
within host nft -f - <<'RULES'
table ip published {
    chain prerouting {
        type nat hook prerouting priority dstnat; policy accept
        fib daddr type local tcp dport 8081 dnat to 10.77.9.2:80
    }
}
RULES

# 4000 are the gateways of environments, 22 is any other port of the machine.
for server in "host 4000 22" "a 80" "b 80" "c 80" "d 80" "e 80" "world 80"; do
    read -ra words <<<"$server"
    # A server that is not ready within seconds is not there.
    exec {answers}< <(
        ip netns exec "$prefix${words[0]}" node "$programs/answer.js" "${words[@]:1}" &
        echo $!
        wait)
    read -r -t 20 number <&"$answers"
    servers+=("$number")
    read -r -t 20 answer <&"$answers" && [[ "$answer" == ready ]]
done
echo ready
cat >/dev/null
