import java.util.Arrays;
import java.util.BitSet;
import java.util.HashMap;
import java.util.Map;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;

/**
 * Reads the output while it is written, as a consumer of committed records would. What it saw has to be there at the
 * end, at the same place; and it knows for how long nothing new came.
 */
final class Watch extends Thread {
    private final Run run;
    private final BitSet[] known;
    private final Map<Long, Integer> seen = new HashMap<>();
    private long fresh;
    private long lastFresh;
    private long longest;
    private boolean timing;
    private volatile boolean done;
    private volatile Exception failure;

    Watch(Run run) {
        super("watch");
        this.run = run;
        known = new BitSet[run.partitions];
        Arrays.setAll(known, p -> new BitSet());
        setDaemon(true);
    }

    @Override
    public void run() {
        try (KafkaConsumer<byte[], byte[]> reader = run.reader(run.output)) {
            while (!done) {
                reader.poll(java.time.Duration.ofMillis(50)).forEach(this::take);
            }
        } catch (Exception e) {
            failure = e;
        }
    }

    private synchronized void take(ConsumerRecord<byte[], byte[]> record) {
        seen.put(place(record), content(record));
        Numbered read = Numbered.read(record.key(), record.value());
        if (read == null || read.partition() < 0 || read.partition() >= run.partitions) {
            return;
        }
        int sequence = (int) Math.max(0, Math.min(read.sequence(), Integer.MAX_VALUE - 1));
        if (!known[read.partition()].get(sequence)) {
            known[read.partition()].set(sequence);
            fresh++;
            long now = System.nanoTime();
            if (timing) {
                longest = Math.max(longest, now - lastFresh);
            }
            lastFresh = now;
        }
    }

    /** How many different records came so far. */
    synchronized long fresh() {
        return fresh;
    }

    /** From here on the longest time without a new record is measured. */
    synchronized void time() {
        if (!timing) {
            timing = true;
            lastFresh = System.nanoTime();
        }
    }

    /** The same from now on, whatever was before. */
    synchronized void timeAnew() {
        timing = true;
        lastFresh = System.nanoTime();
        longest = 0;
    }

    /** That time in seconds. */
    synchronized double longest() {
        return longest / 1e9;
    }

    /** Stops reading, and gives what was seen: content by place. */
    Map<Long, Integer> finish() throws Exception {
        done = true;
        join();
        if (failure != null) {
            throw new IllegalStateException("the reader beside the run failed", failure);
        }
        return seen;
    }

    static long place(ConsumerRecord<byte[], byte[]> record) {
        return (long) record.partition() << 48 | record.offset();
    }

    static int content(ConsumerRecord<byte[], byte[]> record) {
        return 31 * Arrays.hashCode(record.key()) + Arrays.hashCode(record.value());
    }
}
