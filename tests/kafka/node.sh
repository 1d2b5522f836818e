#!/bin/sh
# Runs one Kafka node for as long as standard input stays open, then kills it and removes its folder.
# A pipe closes however its owner ends, so no node outlives the tests, not even after a SIGKILL. Until then a line `kill`
# kills the node, and a line `start` starts it again on the same data.
#
#     node.sh JARS DIR JAVA_OPTIONS...        DIR holds server.properties; DIR/log and DIR/pid are written here
set -u

jars=$1
dir=$2
shift 2
java=${JAVA_HOME:+$JAVA_HOME/bin/}java

# Ctrl-C reaches the whole group; the owner's end of the pipe decides when to stop.
trap '' INT TERM HUP

"$java" -Xmx128m -XX:TieredStopAtLevel=1 -cp "$jars/*" kafka.tools.StorageTool format \
    --cluster-id 4L6g3nShT-eMCtK--X86sw --config "$dir/server.properties" </dev/null >"$dir/log" 2>&1
start() {
    "$java" "$@" -Dorg.slf4j.simpleLogger.defaultLogLevel=warn -cp "$jars/*" \
        kafka.Kafka "$dir/server.properties" </dev/null >>"$dir/log" 2>&1 &
    node=$!
    echo "$node" >"$dir/pid"
}

start "$@"
while read -r word; do
    case $word in
        kill)
            kill -9 "$node" 2>/dev/null
            wait "$node" 2>/dev/null
            node=
            : >"$dir/pid"
            ;;
        start) start "$@" ;;
    esac
done
if [ -n "$node" ]; then
    kill -9 "$node" 2>/dev/null
    wait "$node" 2>/dev/null
fi
rm -rf "$dir"
