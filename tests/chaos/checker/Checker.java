import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.common.IsolationLevel;

/**
 * Fills a pipeline's input, watches its output meanwhile, and judges both in the end. It shares no code, no client and no
 * language with what it judges.
 *
 * <p>It is told what to do in lines on standard input, and answers each with one line of JSON. The words are the cases of
 * {@link #act}.
 */
public final class Checker {
    /** How long a pipeline may take to learn that it has lost its partitions, in milliseconds. */
    private static final long GRACE = 1000;

    private final Run run;
    private final boolean origins;
    private final Feed feed;
    private final Watch watch;
    private final List<Judge.Mark> marks = new ArrayList<>();

    private Checker(Map<String, String> options) {
        run = new Run(options);
        origins = options.containsKey("origins");
        feed = new Feed(run);
        watch = new Watch(run);
        watch.start();
    }

    /** `--name value` pairs; see {@link Run}. */
    public static void main(String[] arguments) throws Exception {
        Map<String, String> options = new HashMap<>();
        for (int i = 0; i + 1 < arguments.length; i += 2) {
            options.put(arguments[i].substring(2), arguments[i + 1]);
        }
        Checker checker = new Checker(options);
        BufferedReader words = new BufferedReader(new InputStreamReader(System.in));
        for (String line = words.readLine(); line != null; line = words.readLine()) {
            System.out.println(checker.act(line.split(" ")));
            System.out.flush();
        }
    }

    private String act(String[] words) throws Exception {
        switch (words[0]) {
            case "feed" -> feed.start();
            case "fed" -> feed.finish();
            case "plant" -> Planted.plant(run, words[1]);
            case "mark" -> mark();
            case "healed" -> healed();
            case "fresh" -> waitForFresh(Long.parseLong(words[1]), Long.parseLong(words[2]));
            case "settle" -> settle(Long.parseLong(words[1]));
            case "judge" -> {
                return new Judge(run, origins, marks).report(watch);
            }
            default -> throw new IllegalArgumentException("unknown word " + words[0]);
        }
        return "{\"fresh\":" + watch.fresh() + "}";
    }

    /** Something is done to the pipeline now: what is not committed may come again. */
    private void mark() throws Exception {
        watch.time();
        try (Admin admin = run.admin()) {
            marks.add(new Judge.Mark(run.committed(admin), run.ends(admin, run.input, IsolationLevel.READ_COMMITTED)));
        }
    }

    /** What was done is over: what comes in from now on may come out once only. */
    private void healed() throws Exception {
        watch.timeAnew();
        Thread.sleep(GRACE);
        try (Admin admin = run.admin()) {
            Judge.Mark last = marks.remove(marks.size() - 1);
            marks.add(new Judge.Mark(last.committed(), run.ends(admin, run.input, IsolationLevel.READ_COMMITTED)));
        }
    }

    /** Waits until so many different records were seen in the output. */
    private void waitForFresh(long wanted, long seconds) throws InterruptedException {
        long until = System.nanoTime() + Run.seconds(seconds).toNanos();
        while (watch.fresh() < wanted) {
            if (System.nanoTime() > until) {
                throw new IllegalStateException(watch.fresh() + " of " + wanted + " records came in " + seconds + " s");
            }
            Thread.sleep(5);
        }
    }

    /** Waits until everything that was fed is committed. */
    private void settle(long seconds) throws Exception {
        feed.finish();
        long until = System.nanoTime() + Run.seconds(seconds).toNanos();
        try (Admin admin = run.admin()) {
            for (long behind = run.behind(admin); behind > 0; behind = run.behind(admin)) {
                if (System.nanoTime() > until) {
                    throw new IllegalStateException(behind + " records are not committed after " + seconds + " s");
                }
                Thread.sleep(50);
            }
        }
        // What is committed has been written, and so has been visible: let the reader beside the run come to its end.
        Thread.sleep(200);
    }
}
