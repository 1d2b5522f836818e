import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.atomic.AtomicReference;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/** Fills the input topic at a steady rate, through whatever happens to the broker meanwhile. */
final class Feed extends Thread {
    private final Run run;
    private final AtomicReference<Exception> failure = new AtomicReference<>();

    Feed(Run run) {
        super("feed");
        this.run = run;
        setDaemon(true);
    }

    @Override
    public void run() {
        try (KafkaProducer<byte[], byte[]> producer = producer(run, Map.of())) {
            long start = System.nanoTime();
            for (long i = 0; i < run.records; i++) {
                if (run.rate > 0 && i % 50 == 0) {
                    long due = start + i * 1_000_000_000L / run.rate;
                    Thread.sleep(Math.max(0, (due - System.nanoTime()) / 1_000_000));
                }
                int partition = (int) (i % run.partitions);
                long sequence = i / run.partitions;
                Numbered record =
                    Numbered.of(run.seed, run.verb(partition, sequence), run.id, partition, sequence);
                producer.send(new ProducerRecord<>(run.input, partition, record.key(), record.value()), (at, why) -> {
                    if (why != null) {
                        failure.compareAndSet(null, why);
                    }
                });
            }
            producer.flush();
        } catch (Exception e) {
            failure.compareAndSet(null, e);
        }
    }

    /** Waits until the broker has all of it. */
    void finish() throws Exception {
        join();
        if (failure.get() != null) {
            throw new IllegalStateException("the input could not be filled", failure.get());
        }
    }

    static KafkaProducer<byte[], byte[]> producer(Run run, Map<String, Object> more) {
        Map<String, Object> settings = new HashMap<>(more);
        settings.put("bootstrap.servers", run.brokers);
        settings.put("linger.ms", 5);
        settings.put("reconnect.backoff.max.ms", 200);
        return new KafkaProducer<>(settings, new ByteArraySerializer(), new ByteArraySerializer());
    }
}
