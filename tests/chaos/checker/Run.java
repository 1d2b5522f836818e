import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.IsolationLevel;
import org.apache.kafka.clients.admin.ListOffsetsOptions;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;

/** What one run is about, and what everybody asks the broker about it. */
final class Run {
    final String brokers;
    final String input;
    final String output;
    /** The dead letter topic; null without one. */
    final String letters;
    final String group;
    final long id;
    final int partitions;
    final long records;
    final long rate;
    final long seed;
    /** Every so many records one has a verb that is not `.`; 0 for none. */
    final long oddEvery;
    /** The odd records' verbs, in turn. */
    final String verbs;

    Run(Map<String, String> options) {
        brokers = options.get("brokers");
        input = options.get("input");
        output = options.get("output");
        letters = options.get("letters");
        group = options.get("group");
        seed = Long.parseLong(options.get("seed"));
        id = seed ^ input.hashCode();
        partitions = Integer.parseInt(options.get("partitions"));
        records = Long.parseLong(options.get("records"));
        rate = Long.parseLong(options.get("rate"));
        oddEvery = Long.parseLong(options.getOrDefault("odd-every", "0"));
        verbs = options.getOrDefault("verbs", "");
    }

    /** What the guest is to do with a record. */
    char verb(int partition, long sequence) {
        long i = sequence * partitions + partition;
        boolean odd = oddEvery > 0 && i % oddEvery == oddEvery - 1;
        return odd ? verbs.charAt((int) (i / oddEvery % verbs.length())) : '.';
    }

    /** Whether a record with this verb ends as a dead letter. */
    static boolean isRejected(char verb) {
        return "RTO".indexOf(verb) >= 0;
    }

    Admin admin() {
        return Admin.create(Map.of("bootstrap.servers", brokers, "default.api.timeout.ms", "30000"));
    }

    /** A consumer without a group, of all partitions of a topic, from their beginning. */
    KafkaConsumer<byte[], byte[]> reader(String topic) {
        Map<String, Object> settings = new HashMap<>();
        settings.put("bootstrap.servers", brokers);
        settings.put("isolation.level", "read_committed");
        settings.put("enable.auto.commit", false);
        settings.put("fetch.max.wait.ms", 50);
        settings.put("reconnect.backoff.max.ms", 200);
        settings.put("auto.offset.reset", "none");
        KafkaConsumer<byte[], byte[]> reader =
            new KafkaConsumer<>(settings, new ByteArrayDeserializer(), new ByteArrayDeserializer());
        List<TopicPartition> all = new ArrayList<>();
        reader.partitionsFor(topic).forEach(info -> all.add(new TopicPartition(topic, info.partition())));
        reader.assign(all);
        reader.seekToBeginning(all);
        return reader;
    }

    /** The end of each partition of a topic, for readers of this level. */
    Map<Integer, Long> ends(Admin admin, String topic, IsolationLevel level)
        throws ExecutionException, InterruptedException {
        int count = admin.describeTopics(List.of(topic)).allTopicNames().get().get(topic).partitions().size();
        Map<TopicPartition, OffsetSpec> asked = new HashMap<>();
        for (int partition = 0; partition < count; partition++) {
            asked.put(new TopicPartition(topic, partition), OffsetSpec.latest());
        }
        Map<Integer, Long> ends = new TreeMap<>();
        admin.listOffsets(asked, new ListOffsetsOptions(level)).all().get()
            .forEach((partition, end) -> ends.put(partition.partition(), end.offset()));
        return ends;
    }

    /** What the group has committed of each input partition; 0 where it has not. */
    Map<Integer, Long> committed(Admin admin) throws ExecutionException, InterruptedException {
        Map<TopicPartition, OffsetAndMetadata> found =
            admin.listConsumerGroupOffsets(group).partitionsToOffsetAndMetadata().get();
        Map<Integer, Long> committed = new TreeMap<>();
        for (int partition = 0; partition < partitions; partition++) {
            OffsetAndMetadata offset = found.get(new TopicPartition(input, partition));
            committed.put(partition, offset == null ? 0L : offset.offset());
        }
        return committed;
    }

    /** How many input records are not committed. */
    long behind(Admin admin) throws ExecutionException, InterruptedException {
        Map<Integer, Long> ends = ends(admin, input, IsolationLevel.READ_COMMITTED);
        Map<Integer, Long> committed = committed(admin);
        return ends.entrySet().stream().mapToLong(end -> Math.abs(end.getValue() - committed.get(end.getKey()))).sum();
    }

    static Duration seconds(long seconds) {
        return Duration.ofSeconds(seconds);
    }
}
