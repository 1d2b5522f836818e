import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.RecordsToDelete;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.header.internals.RecordHeaders;

/** Writes what a pipeline would, with one fault in it, so that tests can see that the fault is found. */
final class Planted {
    private static final int AT = 17;

    private Planted() {}

    static void plant(Run run, String fault) throws Exception {
        List<Numbered> right = new ArrayList<>();
        for (long i = 0; i < run.records; i++) {
            int partition = (int) (i % run.partitions);
            right.add(Numbered.of(run.seed, '.', run.id, partition, i / run.partitions));
        }
        switch (fault) {
            case "duplicate", "excused" -> right.add(right.get(AT));
            case "gap" -> right.remove(AT);
            case "reorder" -> {
                Numbered early = right.get(AT);
                right.set(AT, right.get(AT + run.partitions));
                right.set(AT + run.partitions, early);
            }
            case "flip" -> right.get(AT).value()[60] ^= 1;
            case "key" -> right.set(AT, another(right.get(AT), "another key".getBytes()));
            case "stranger" -> right.add(Numbered.of(run.seed, '.', run.id + 1, 0, 3));
            case "beyond" -> right.add(Numbered.of(run.seed, '.', run.id, 0, run.records));
            default -> { }
        }
        try (KafkaProducer<byte[], byte[]> producer = Feed.producer(run, Map.of())) {
            for (Numbered record : right) {
                producer.send(output(run, record, fault));
            }
            producer.flush();
        }
        switch (fault) {
            case "open" -> open(run);
            case "gone" -> gone(run);
            default -> { }
        }
        if (!fault.equals("uncommitted")) {
            commit(run);
        }
    }

    private static Numbered another(Numbered record, byte[] key) {
        return new Numbered(record.verb(), record.run(), record.partition(), record.sequence(), key, record.value());
    }

    private static ProducerRecord<byte[], byte[]> output(Run run, Numbered record, String fault) {
        long offset = record.sequence() + (fault.equals("origin") && record.sequence() == 5 ? 1 : 0);
        RecordHeaders headers = new RecordHeaders();
        headers.add("millstream.origin.topic", run.input.getBytes());
        headers.add("millstream.origin.partition", Integer.toString(record.partition()).getBytes());
        headers.add("millstream.origin.offset", Long.toString(offset).getBytes());
        return new ProducerRecord<>(run.output, 0, record.key(), record.value(), headers);
    }

    /** A transaction that nobody ends, with a record in it. */
    private static void open(Run run) throws Exception {
        Map<String, Object> settings = Map.of("transactional.id", run.group + "-open");
        KafkaProducer<byte[], byte[]> producer = Feed.producer(run, settings);
        producer.initTransactions();
        producer.beginTransaction();
        producer.send(output(run, Numbered.of(run.seed, '.', run.id, 0, 0), "open")).get();
    }

    /** What the reader beside the run has seen already is taken away. */
    private static void gone(Run run) throws Exception {
        Thread.sleep(1000);
        try (Admin admin = run.admin()) {
            TopicPartition first = new TopicPartition(run.output, 0);
            admin.deleteRecords(Map.of(first, RecordsToDelete.beforeOffset(3))).all().get();
        }
    }

    private static void commit(Run run) throws Exception {
        Map<TopicPartition, OffsetAndMetadata> all = new HashMap<>();
        for (int partition = 0; partition < run.partitions; partition++) {
            long count = (run.records - partition + run.partitions - 1) / run.partitions;
            all.put(new TopicPartition(run.input, partition), new OffsetAndMetadata(count));
        }
        try (Admin admin = run.admin()) {
            admin.alterConsumerGroupOffsets(run.group, all).all().get();
        }
    }
}
