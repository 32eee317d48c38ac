package sluice.load;

import java.util.List;
import java.util.ArrayList;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.apache.flink.api.connector.source.ReaderOutput;
import org.apache.flink.api.connector.source.SourceReader;
import org.apache.flink.api.connector.source.SourceReaderContext;
import org.apache.flink.core.io.InputStatus;
import org.apache.flink.metrics.Counter;
import org.apache.flink.metrics.groups.SourceReaderMetricGroup;

/** Reads what is due, partition by partition in turn, and shows the metrics that a Kafka reader shows. */
final class ScheduledReader implements SourceReader<Long, ScheduledSource.Split> {
    private final ScheduledSource source;
    private final SourceReaderMetricGroup metrics;
    private final List<ScheduledSource.Split> splits = new CopyOnWriteArrayList<>();
    private final Pace pace;
    private final Counter recordsIn;
    private final ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor(r -> {
        Thread t = new Thread(r, "scheduled-source-timer");
        t.setDaemon(true);
        return t;
    });
    private volatile CompletableFuture<Void> available = new CompletableFuture<>();
    private int next;
    private double due;
    private long dueAt;
    private boolean noMoreSplits;

    ScheduledReader(ScheduledSource source, SourceReaderContext context) {
        this.source = source;
        metrics = context.metricGroup();
        pace = new Pace(source.options, "source-us", 0, "source-cpu-us");
        recordsIn = metrics.getIOMetricGroup().getNumRecordsInCounter();
    }

    public void start() {
        if (!source.options.flag("no-pending")) metrics.setPendingRecordsGauge(this::pending);
        timer.scheduleAtFixedRate(() -> available.complete(null), 10, 10, TimeUnit.MILLISECONDS);
    }

    public InputStatus pollNext(ReaderOutput<Long> out) {
        double due = dueNow();
        boolean ended = noMoreSplits;
        for (int i = 0, n = splits.size(); i < n; i++) {
            ScheduledSource.Split s = splits.get((next + i) % n);
            ended &= s.position >= source.end;
            if (s.position + 1 > due) continue;
            next = (next + i + 1) % n;
            long sequence = s.position++ * source.partitions + s.id;
            if (!source.options.flag("no-records-in")) recordsIn.inc();
            pace.spend();
            out.collect(source.keys.key(sequence));
            return InputStatus.MORE_AVAILABLE;
        }
        if (ended && source.end < Long.MAX_VALUE) return InputStatus.END_OF_INPUT;
        // One that Flink waits on must not be dropped: nobody would complete it any more.
        if (available.isDone()) available = new CompletableFuture<>();
        return InputStatus.NOTHING_AVAILABLE;
    }

    private double dueNow() {
        long now = System.nanoTime();
        if (dueAt == 0 || now - dueAt > 1_000_000) {
            dueAt = now;
            due = duePerPartition();
        }
        return due;
    }

    private double duePerPartition() {
        return Math.min(source.rate.due(System.currentTimeMillis()) / source.partitions, source.end);
    }

    private long pending() {
        double due = duePerPartition();
        long sum = 0;
        for (ScheduledSource.Split s : splits) sum += Math.max(0, (long) due - s.position);
        return sum;
    }

    public void addSplits(List<ScheduledSource.Split> added) {
        for (ScheduledSource.Split s : added) {
            splits.add(s);
            metrics.addGroup("KafkaSourceReader").addGroup("topic", "load").addGroup("partition", s.splitId())
                    .gauge("currentOffset", () -> s.position);
        }
        available.complete(null);
    }

    public List<ScheduledSource.Split> snapshotState(long checkpoint) {
        List<ScheduledSource.Split> copy = new ArrayList<>();
        for (ScheduledSource.Split s : splits) copy.add(new ScheduledSource.Split(s.id, s.position));
        return copy;
    }

    public CompletableFuture<Void> isAvailable() { return available; }

    public void notifyNoMoreSplits() {
        noMoreSplits = true;
        available.complete(null);
    }

    public void close() { timer.shutdownNow(); }
}
