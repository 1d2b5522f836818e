#!/bin/sh
# Copies the broker's and the checker's jars, as pinned in pom.xml and jars.sha256, to target/kafka/.
# Does nothing when they are there already. `fetch.sh --pin` writes jars.sha256 anew after a change of pom.xml.
set -eu

here=$(cd "$(dirname "$0")" && pwd -P)
target=$(cd "$here/../.." && pwd -P)/target
jars=$target/kafka
stamp=$jars/stamp

missing() {
    echo "tests/kafka/fetch.sh: $1" >&2
    exit 3
}

wanted() {
    cat "$here/pom.xml" "$here/jars.sha256" 2>/dev/null | sha256sum | cut -d ' ' -f 1
}

java=${JAVA_HOME:+$JAVA_HOME/bin/}java
command -v "$java" >/dev/null 2>&1 || missing "no Java found; install a JDK 17 or later (Debian: apt-get install openjdk-17-jdk-headless)"
version=$("$java" -version 2>&1 | sed -n 's/.*version "\([0-9]*\).*/\1/p' | head -n 1)
[ "${version:-0}" -ge 17 ] || missing "Java ${version:-unknown} found, Kafka 4.1 needs 17 or later (Debian: apt-get install openjdk-17-jdk-headless)"
"$java" --list-modules 2>/dev/null | grep -q '^jdk.compiler@' ||
    missing "this Java cannot compile; install a JDK, not only a JRE (Debian: apt-get install openjdk-17-jdk-headless)"

if [ "${1:-}" != --pin ] && [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$(wanted)" ]; then
    exit 0
fi
command -v mvn >/dev/null 2>&1 || missing "Maven not found; it copies the Kafka jars (Debian: apt-get install maven)"

mkdir -p "$target"
# Two test runs may start together; the second waits and then finds the work done.
exec 9>"$target/kafka.lock"
flock 9
if [ "${1:-}" != --pin ] && [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$(wanted)" ]; then
    exit 0
fi

fresh=$target/kafka.fresh
copy() {
    rm -rf "$fresh"
    mvn -q -B -Dstyle.color=never "$@" -f "$here/pom.xml" dependency:copy-dependencies \
        -DincludeScope=runtime -DoutputDirectory="$fresh"
}
# Offline first: a filled local repository needs no network.
copy -o >/dev/null 2>&1 || copy || missing "Maven could not fetch the jars named in tests/kafka/pom.xml; see its message above"

if [ "${1:-}" = --pin ]; then
    (cd "$fresh" && LC_ALL=C sha256sum -- *.jar) >"$here/jars.sha256"
fi
(cd "$fresh" && sha256sum --quiet --strict -c "$here/jars.sha256") >&2 ||
    missing "a jar differs from tests/kafka/jars.sha256; remove it from the local Maven repository and try again"
[ "$(find "$fresh" -name '*.jar' | wc -l)" -eq "$(wc -l <"$here/jars.sha256")" ] ||
    missing "the jars are not those of tests/kafka/jars.sha256; after a change of pom.xml run tests/kafka/fetch.sh --pin"

rm -rf "$jars"
mv "$fresh" "$jars"
wanted >"$stamp"
