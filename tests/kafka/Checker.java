import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import org.apache.avro.Schema;
import org.apache.avro.generic.GenericDatumReader;
import org.apache.avro.generic.GenericRecord;
import org.apache.avro.io.BinaryDecoder;
import org.apache.avro.io.DecoderFactory;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;

/**
 * Judges what a pipeline wrote, record by record, with nothing of Millstream's: the Apache client reads, the Apache
 * Avro library decodes, and every expected value is computed here from the record's number.
 *
 * <p>Prints one line of JSON. `Checker records` judges an output topic, `Checker dead-letters` a dead letter topic.
 */
public final class Checker {
    private static final Duration PATIENCE = Duration.ofSeconds(120);
    private static final int EXAMPLES = 5;

    private final Map<String, String> options;
    private final long from;
    private final long to;
    private final int partitions;
    private final Map<String, Long> counts = new LinkedHashMap<>();
    private final List<String> examples = new ArrayList<>();

    private Checker(Map<String, String> options) {
        this.options = options;
        from = number("from", 0);
        to = number("to", 0);
        partitions = (int) number("partitions", 4);
        for (String fault : List.of("count", "missing", "duplicate", "unknown", "wrong", "out_of_order")) {
            counts.put(fault, 0L);
        }
    }

    /** `records` or `dead-letters`, then `--name value` pairs. */
    public static void main(String[] arguments) throws IOException {
        Map<String, String> options = new HashMap<>();
        for (int i = 1; i + 1 < arguments.length; i += 2) {
            options.put(arguments[i].substring(2), arguments[i + 1]);
        }
        Checker checker = new Checker(options);
        switch (arguments.length == 0 ? "" : arguments[0]) {
            case "records" -> checker.judgeRecords();
            case "dead-letters" -> checker.judgeDeadLetters();
            default -> throw new IllegalArgumentException("first argument: records or dead-letters");
        }
        System.out.println(checker.report());
    }

    // ---- what the generator makes of a number, written a second time on purpose

    private boolean broken(long i) {
        long every = number("broken-every", 0);
        return every > 0 && i % every == every - 1;
    }

    private boolean negative(long i) {
        long every = number("negative-every", 0);
        return every > 0 && !broken(i) && i % every == every - 1;
    }

    private static String account(long i) {
        return String.format("DE%018d", i * 7919 % 1_000_003);
    }

    private byte[] key(long i) {
        String key = options.getOrDefault("key", "account").equals("sequence") ? Long.toString(i) : account(i);
        return key.getBytes(StandardCharsets.UTF_8);
    }

    private Map<String, Object> enriched(long i) {
        long amount = i % 1_000_000;
        double rate = 1.0 + (i % 100) / 100.0;
        String country = List.of("DE", "FR", "US").get((int) (i % 3));
        double euros = amount / 100.0 * rate;
        Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("id", String.format("pay-%012d", i));
        fields.put("account", account(i));
        fields.put("amount", amount);
        fields.put("currency", List.of("EUR", "USD", "GBP").get((int) (i % 3)));
        fields.put("ts", 1_763_700_000_000L + i);
        fields.put("note", i % 2 == 0 ? "monthly invoice payment" : null);
        fields.put("tags", List.of("card", "online"));
        fields.put("rate", rate);
        fields.put("country", country);
        fields.put("seq", (int) (i % 1000));
        fields.put("amount_eur", euros);
        fields.put("risk", euros > 9000.0 ? 2 : country.equals("DE") ? 0 : 1);
        return fields;
    }

    // ---- the output topic

    private void judgeRecords() throws IOException {
        Schema schema = new Schema.Parser().parse(Path.of(options.get("schema")).toFile());
        GenericDatumReader<GenericRecord> reader = new GenericDatumReader<>(schema);
        BitSet seen = new BitSet();
        // For each output partition and input partition, the highest input number so far.
        Map<Integer, long[]> last = new HashMap<>();
        read(options.get("topic"), record -> {
            add("count", null);
            GenericRecord value = decode(reader, record);
            long i = value == null ? -1 : identify(value);
            if (i < 0) {
                add("wrong", place(record) + ": not a framed record of the schema");
                return;
            }
            if (i < from || i >= to || broken(i) || negative(i)) {
                add("unknown", place(record) + ": record " + i);
                return;
            }
            if (!plain(value).equals(enriched(i))) {
                add("wrong", place(record) + ": " + value + " instead of " + enriched(i));
            } else if (!Arrays.equals(record.key(), key(i))) {
                add("wrong", place(record) + ": another key than record " + i + " had");
            }
            if (seen.get((int) (i - from))) {
                // A replay goes back on purpose; only first deliveries have to stand in order.
                add("duplicate", place(record) + ": record " + i);
                return;
            }
            seen.set((int) (i - from));
            long[] highest = last.computeIfAbsent(record.partition(), p -> filled(partitions));
            int source = (int) (i % partitions);
            if (i < highest[source]) {
                add("out_of_order", place(record) + ": record " + i + " after " + highest[source]);
            }
            highest[source] = Math.max(highest[source], i);
        });
        for (long i = from; i < to; i++) {
            if (!broken(i) && !negative(i) && !seen.get((int) (i - from))) {
                add("missing", "record " + i);
            }
        }
    }

    private GenericRecord decode(GenericDatumReader<GenericRecord> reader, ConsumerRecord<byte[], byte[]> record) {
        byte[] value = record.value();
        boolean framed = !options.getOrDefault("framing", "confluent").equals("none");
        int start = framed ? 5 : 0;
        if (value == null || value.length < start) {
            return null;
        }
        if (framed) {
            long wanted = number("schema-id", -1);
            if (value[0] != 0 || wanted >= 0 && ByteBuffer.wrap(value, 1, 4).getInt() != wanted) {
                return null;
            }
        }
        try {
            BinaryDecoder decoder = DecoderFactory.get().binaryDecoder(value, start, value.length - start, null);
            GenericRecord decoded = reader.read(null, decoder);
            return decoder.isEnd() ? decoded : null;
        } catch (IOException | RuntimeException e) {
            return null;
        }
    }

    private static long identify(GenericRecord value) {
        String id = Objects.toString(value.get("id"));
        return id.matches("pay-[0-9]{12}") ? Long.parseLong(id.substring(4)) : -1;
    }

    private static Map<String, Object> plain(GenericRecord value) {
        Map<String, Object> fields = new LinkedHashMap<>();
        for (Schema.Field field : value.getSchema().getFields()) {
            fields.put(field.name(), plain(value.get(field.pos())));
        }
        return fields;
    }

    private static Object plain(Object value) {
        if (value == null || value instanceof Number || value instanceof Boolean) {
            return value;
        }
        if (value instanceof List<?> list) {
            return list.stream().map(Checker::plain).collect(Collectors.toList());
        }
        return value.toString();
    }

    // ---- the dead letter topic

    private void judgeDeadLetters() {
        Map<Long, ConsumerRecord<byte[], byte[]>> originals = new HashMap<>();
        read(options.get("input"), record -> {
            long i = from + record.offset() * partitions + record.partition();
            if (i < to && (broken(i) || negative(i))) {
                originals.put(i, record);
            }
        });
        Set<Long> seen = new HashSet<>();
        read(options.get("topic"), letter -> {
            add("count", null);
            String topic = text(letter, "__dlq.errors.topic");
            String partition = text(letter, "__dlq.errors.partition");
            String offset = text(letter, "__dlq.errors.offset");
            String message = text(letter, "__dlq.errors.message");
            if (topic == null || partition == null || offset == null || message == null || message.isBlank()) {
                add("wrong", place(letter) + ": a __dlq.errors header is missing or empty");
                return;
            }
            long i = from + Long.parseLong(offset) * partitions + Long.parseLong(partition);
            ConsumerRecord<byte[], byte[]> original = originals.get(i);
            if (original == null || !topic.equals(options.get("input"))) {
                add("unknown", place(letter) + ": from " + topic + "-" + partition + "@" + offset + ": " + message);
                return;
            }
            if (!seen.add(i)) {
                add("duplicate", place(letter) + ": record " + i);
            }
            String difference = difference(original, letter);
            if (negative(i) && !message.contains("negative amount")) {
                difference = "the reason is not the guest's: " + message;
            }
            if (difference != null) {
                add("wrong", place(letter) + ": record " + i + ": " + difference);
            }
        });
        for (long i : originals.keySet()) {
            if (!seen.contains(i)) {
                add("missing", "record " + i);
            }
        }
    }

    private static String difference(ConsumerRecord<byte[], byte[]> original, ConsumerRecord<byte[], byte[]> letter) {
        if (!Arrays.equals(original.key(), letter.key())) {
            return "another key";
        }
        if (!Arrays.equals(original.value(), letter.value())) {
            return "another value";
        }
        for (Header header : original.headers()) {
            boolean kept = false;
            for (Header other : letter.headers().headers(header.key())) {
                kept |= Arrays.equals(header.value(), other.value());
            }
            if (!kept) {
                return "header " + header.key() + " is gone or changed";
            }
        }
        return null;
    }

    private static String text(ConsumerRecord<byte[], byte[]> record, String name) {
        Header header = record.headers().lastHeader(name);
        return header == null || header.value() == null ? null : new String(header.value(), StandardCharsets.UTF_8);
    }

    // ---- Kafka

    private KafkaConsumer<byte[], byte[]> consumer() {
        Map<String, Object> settings = new HashMap<>();
        settings.put("bootstrap.servers", options.get("brokers"));
        settings.put("isolation.level", "read_committed");
        settings.put("enable.auto.commit", false);
        if (options.containsKey("group")) {
            settings.put("group.id", options.get("group"));
        }
        return new KafkaConsumer<>(settings, new ByteArrayDeserializer(), new ByteArrayDeserializer());
    }

    /** Every record of a topic up to its present end. */
    private void read(String topic, Consumer<ConsumerRecord<byte[], byte[]>> each) {
        try (KafkaConsumer<byte[], byte[]> consumer = consumer()) {
            Set<TopicPartition> all = all(consumer, topic);
            consumer.assign(all);
            consumer.seekToBeginning(all);
            Map<TopicPartition, Long> ends = consumer.endOffsets(all);
            long deadline = System.nanoTime() + PATIENCE.toNanos();
            while (all.stream().anyMatch(p -> consumer.position(p) < ends.get(p))) {
                if (System.nanoTime() > deadline) {
                    throw new IllegalStateException("topic " + topic + " could not be read to its end " + ends);
                }
                consumer.poll(Duration.ofMillis(200)).forEach(each);
            }
        }
    }

    private static Set<TopicPartition> all(KafkaConsumer<byte[], byte[]> consumer, String topic) {
        return consumer.partitionsFor(topic).stream()
            .map(info -> new TopicPartition(topic, info.partition()))
            .collect(Collectors.toSet());
    }

    /** How many records of the input the group has not committed. */
    private long behind() {
        try (KafkaConsumer<byte[], byte[]> consumer = consumer()) {
            Set<TopicPartition> all = all(consumer, options.get("input"));
            Map<TopicPartition, Long> ends = consumer.endOffsets(all);
            Map<TopicPartition, OffsetAndMetadata> committed = consumer.committed(all);
            long behind = 0;
            for (TopicPartition partition : all) {
                OffsetAndMetadata offset = committed.get(partition);
                long gap = ends.get(partition) - (offset == null ? 0 : offset.offset());
                if (gap != 0 && examples.size() < 2 * EXAMPLES) {
                    examples.add("behind: " + partition + " committed " + offset + ", end " + ends.get(partition));
                }
                behind += Math.abs(gap);
            }
            return behind;
        }
    }

    // ---- the report

    private void add(String fault, String example) {
        long before = counts.merge(fault, 1L, Long::sum);
        if (example != null && before <= EXAMPLES) {
            examples.add(fault + ": " + example);
        }
    }

    private String report() {
        if (options.containsKey("group")) {
            counts.put("behind", behind());
        }
        String numbers = counts.entrySet().stream()
            .map(entry -> quote(entry.getKey()) + ":" + entry.getValue())
            .collect(Collectors.joining(","));
        String shown = examples.stream().map(Checker::quote).collect(Collectors.joining(","));
        return "{" + numbers + ",\"examples\":[" + shown + "]}";
    }

    private static String quote(String text) {
        StringBuilder quoted = new StringBuilder("\"");
        text.chars().forEach(c -> {
            if (c == '"' || c == '\\') {
                quoted.append('\\').append((char) c);
            } else if (c < 0x20 || c > 0x7e) {
                quoted.append(String.format("\\u%04x", c));
            } else {
                quoted.append((char) c);
            }
        });
        return quoted.append('"').toString();
    }

    private static String place(ConsumerRecord<byte[], byte[]> record) {
        return record.topic() + "-" + record.partition() + "@" + record.offset();
    }

    private static long[] filled(int length) {
        long[] values = new long[length];
        Arrays.fill(values, -1);
        return values;
    }

    private long number(String name, long otherwise) {
        return Long.parseLong(options.getOrDefault(name, Long.toString(otherwise)));
    }
}
