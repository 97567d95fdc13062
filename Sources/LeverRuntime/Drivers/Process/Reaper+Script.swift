extension Reaper {
    /// What the process runs, in POSIX shell. Arguments: the run's name, the directory of its sockets, whether to remove it.
    ///
    /// A process group is killed where its leader still is the process that the host started, by start time. Then all
    /// processes are looked through until none of the run was found twice in a row, each killed with the group that it
    /// leads, in which may be children without environment; for longer where an instance was being
    /// started, which shows the host's own environment until its program is loaded.
    static let script = #"""
        trap '' HUP INT QUIT TERM
        run=$1 directory=$2 remove=$3 known= starting=
        without() {
            left= number=$1
            shift
            for word do
                case $word in "$number" | "$number":*) ;; *) left="$left $word" ;; esac
            done
        }
        while read -r verb number pid start; do
            case $verb in
            starting) starting="$starting $number" ;;
            started)
                without "$number" $starting
                starting=$left
                known="$known $number:$pid:$start"
                ;;
            ended)
                without "$number" $starting
                starting=$left
                without "$number" $known
                known=$left
                ;;
            quit) exit 0 ;;
            esac
        done
        set -f
        for word in $known; do
            pid=${word#*:} start=${word##*:}
            pid=${pid%%:*}
            if [ -d /proc/self ]; then
                line=
                { read -r line < "/proc/$pid/stat"; } 2>/dev/null
                set -- ${line##*) }
                [ "${20}" = "$start" ] || continue
            fi
            kill -s KILL -- "-$pid" 2>/dev/null
        done
        set +f
        quiet=0 round=0 enough=2
        [ -z "$starting" ] || enough=20
        while [ "$quiet" -lt "$enough" ] && [ "$round" -lt 400 ]; do
            quiet=$((quiet + 1)) round=$((round + 1))
            for path in $(grep -l -F "LEVEROS_RUN_ID=$run" /proc/[0-9]*/environ 2>/dev/null); do
                grep -q -F "LEVEROS_RUN_ID=$run" "$path" 2>/dev/null || continue
                pid=${path#/proc/}
                pid=${pid%/environ}
                kill -s KILL -- "-$pid" 2>/dev/null
                kill -s KILL "$pid" 2>/dev/null && quiet=0
            done
            sleep 0.05 2>/dev/null || sleep 1
        done
        rm -f "$directory"/*.sock
        [ "$remove" = no ] || rmdir "$directory" 2>/dev/null
        """#
}
