import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.IsolationLevel;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.header.Header;

/** Reads everything once more at the end, and counts what is not as it should be. */
final class Judge {
    /** What was committed when something was done to the pipeline, and what was there to be read when that was over. */
    record Mark(Map<Integer, Long> committed, Map<Integer, Long> ends) {
        /** Whether a record may come again because of it. */
        boolean excuses(int partition, long sequence) {
            return sequence >= committed.get(partition) && sequence < ends.get(partition);
        }
    }

    private static final int EXAMPLES = 4;
    private static final List<String> FAULTS = List.of(
        "count", "letters", "missing", "duplicate", "unexcused", "unknown", "wrong", "origin", "out_of_order", "gone",
        "behind", "open", "hidden");

    private final Run run;
    private final boolean origins;
    private final List<Mark> marks;
    private final Map<String, Long> counts = new LinkedHashMap<>();
    private final List<String> examples = new ArrayList<>();

    Judge(Run run, boolean origins, List<Mark> marks) {
        this.run = run;
        this.origins = origins;
        this.marks = marks;
        FAULTS.forEach(fault -> counts.put(fault, 0L));
    }

    /** The report as JSON. `watched` is what was seen beside the run; it is read out when the topic stands still. */
    String report(Watch watch) throws Exception {
        try (Admin admin = run.admin()) {
            transactions(admin);
            counts.put("behind", run.behind(admin));
        }
        Map<Long, Integer> still = new HashMap<>();
        int[][] written = new int[run.partitions][(int) (run.records / run.partitions) + 1];
        Map<Integer, long[]> last = new HashMap<>();
        read(run.output, record -> {
            add("count", null);
            still.put(Watch.place(record), Watch.content(record));
            Numbered read = known(record, false);
            if (read == null || ++written[read.partition()][(int) read.sequence()] > 1) {
                if (read != null) {
                    again(record, read);
                }
                return;
            }
            // A replay goes back on purpose: only first deliveries have to stand in order.
            long[] highest = last.computeIfAbsent(record.partition(), p -> filled(run.partitions));
            if (read.sequence() < highest[read.partition()]) {
                add("out_of_order", name(record, read) + " after " + highest[read.partition()]);
            }
            highest[read.partition()] = Math.max(highest[read.partition()], read.sequence());
        });
        int[][] lettered = new int[run.partitions][(int) (run.records / run.partitions) + 1];
        if (run.letters != null) {
            read(run.letters, record -> {
                add("letters", null);
                Numbered read = known(record, true);
                if (read != null && ++lettered[read.partition()][(int) read.sequence()] > 1) {
                    again(record, read);
                }
            });
        }
        for (long i = 0; i < run.records; i++) {
            int partition = (int) (i % run.partitions);
            int sequence = (int) (i / run.partitions);
            boolean rejected = run.letters != null && Run.isRejected(run.verb(partition, sequence));
            if ((rejected ? lettered : written)[partition][sequence] == 0) {
                add("missing", "record " + sequence + " of input partition " + partition);
            }
        }
        for (Map.Entry<Long, Integer> seen : watch.finish().entrySet()) {
            if (!seen.getValue().equals(still.get(seen.getKey()))) {
                add("gone", run.output + "-" + (seen.getKey() >> 48) + "@" + (seen.getKey() & 0xffffffffffffL));
            }
        }
        return json(watch);
    }

    /** The record, where it is one that belongs into this topic. */
    private Numbered known(ConsumerRecord<byte[], byte[]> record, boolean letter) {
        Numbered read = Numbered.read(record.key(), record.value());
        if (read == null) {
            add("wrong", place(record) + ": not a record, or not as it was");
            return null;
        }
        boolean inside = read.run() == run.id && read.partition() >= 0 && read.partition() < run.partitions
            && read.sequence() >= 0 && read.sequence() * run.partitions + read.partition() < run.records;
        boolean rejected = run.letters != null && Run.isRejected(read.verb());
        if (!inside || rejected != letter) {
            add("unknown", name(record, read) + " of run " + read.run());
            return null;
        }
        if (origins && !letter) {
            String says = text(record, "millstream.origin.topic") + "-" + text(record, "millstream.origin.partition")
                + "@" + text(record, "millstream.origin.offset");
            if (!says.equals(run.input + "-" + read.partition() + "@" + read.sequence())) {
                add("origin", name(record, read) + " says it comes from " + says);
            }
        }
        return read;
    }

    private void again(ConsumerRecord<byte[], byte[]> record, Numbered read) {
        add("duplicate", null);
        if (marks.stream().noneMatch(mark -> mark.excuses(read.partition(), read.sequence()))) {
            add("unexcused", name(record, read) + " came again");
        }
    }

    /** Transactions that are still open a while after the end, and records that readers of committed ones cannot see. */
    private void transactions(Admin admin) throws Exception {
        long until = System.nanoTime() + Run.seconds(4).toNanos();
        while (true) {
            Map<Integer, Long> visible = run.ends(admin, run.output, IsolationLevel.READ_COMMITTED);
            Map<Integer, Long> all = run.ends(admin, run.output, IsolationLevel.READ_UNCOMMITTED);
            long hidden = all.entrySet().stream().mapToLong(end -> end.getValue() - visible.get(end.getKey())).sum();
            List<TopicPartition> partitions =
                all.keySet().stream().map(p -> new TopicPartition(run.output, p)).collect(Collectors.toList());
            long open = admin.describeProducers(partitions).all().get().values().stream()
                .flatMap(state -> state.activeProducers().stream())
                .filter(producer -> producer.currentTransactionStartOffset().isPresent())
                .mapToLong(producer -> producer.producerId()).distinct().count();
            counts.put("hidden", hidden);
            counts.put("open", open);
            if (hidden == 0 && open == 0 || System.nanoTime() > until) {
                return;
            }
            Thread.sleep(200);
        }
    }

    private interface Each {
        void take(ConsumerRecord<byte[], byte[]> record);
    }

    /** Every committed record of a topic up to its present end. */
    private void read(String topic, Each each) throws Exception {
        Map<Integer, Long> ends;
        try (Admin admin = run.admin()) {
            ends = run.ends(admin, topic, IsolationLevel.READ_COMMITTED);
        }
        try (KafkaConsumer<byte[], byte[]> reader = run.reader(topic)) {
            long until = System.nanoTime() + Run.seconds(60).toNanos();
            while (reader.assignment().stream().anyMatch(p -> reader.position(p) < ends.get(p.partition()))) {
                if (System.nanoTime() > until) {
                    throw new IllegalStateException("topic " + topic + " could not be read to its end " + ends);
                }
                reader.poll(java.time.Duration.ofMillis(100)).forEach(each::take);
            }
        }
    }

    private static String text(ConsumerRecord<byte[], byte[]> record, String name) {
        Header header = record.headers().lastHeader(name);
        return header == null || header.value() == null ? "nowhere" : new String(header.value());
    }

    private void add(String fault, String example) {
        long before = counts.merge(fault, 1L, Long::sum);
        if (example != null && before <= EXAMPLES) {
            examples.add(fault + ": " + example);
        }
    }

    private String json(Watch watch) {
        String numbers = counts.entrySet().stream()
            .map(entry -> "\"" + entry.getKey() + "\":" + entry.getValue())
            .collect(Collectors.joining(","));
        String shown = examples.stream().map(text -> "\"" + text + "\"").collect(Collectors.joining(","));
        return "{" + numbers + ",\"silence\":" + watch.longest() + ",\"examples\":[" + shown + "]}";
    }

    private static String place(ConsumerRecord<byte[], byte[]> record) {
        return record.topic() + "-" + record.partition() + "@" + record.offset();
    }

    private static String name(ConsumerRecord<byte[], byte[]> record, Numbered read) {
        return place(record) + ": record " + read.sequence() + " of input partition " + read.partition();
    }

    private static long[] filled(int length) {
        long[] values = new long[length];
        Arrays.fill(values, -1);
        return values;
    }
}
