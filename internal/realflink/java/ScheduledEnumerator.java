package sluice.load;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.apache.flink.api.connector.source.Boundedness;
import org.apache.flink.api.connector.source.SplitEnumerator;
import org.apache.flink.api.connector.source.SplitEnumeratorContext;

/**
 * Deals the partitions out, and is where checkpoints go wrong on demand: it runs on the JobManager, so a slow or failing
 * snapshot holds up the checkpoint and not one record.
 */
final class ScheduledEnumerator implements SplitEnumerator<ScheduledSource.Split, ArrayList<ScheduledSource.Split>> {
    private final ScheduledSource source;
    private final Options options;
    private final SplitEnumeratorContext<ScheduledSource.Split> context;
    private final ArrayList<ScheduledSource.Split> unassigned;

    ScheduledEnumerator(ScheduledSource source, SplitEnumeratorContext<ScheduledSource.Split> context,
            List<ScheduledSource.Split> unassigned) {
        this.source = source;
        options = source.options;
        this.context = context;
        this.unassigned = new ArrayList<>(unassigned);
    }

    public void start() {}
    public void close() {}
    public void handleSplitRequest(int subtask, String host) {}

    public void addSplitsBack(List<ScheduledSource.Split> splits, int subtask) {
        unassigned.addAll(splits);
        assign();
    }

    public void addReader(int subtask) { assign(); }

    private void assign() {
        int readers = context.currentParallelism();
        if (context.registeredReaders().size() < readers) return;
        for (ScheduledSource.Split s : unassigned) context.assignSplit(s, s.id % readers);
        unassigned.clear();
        if (source.getBoundedness() == Boundedness.CONTINUOUS_UNBOUNDED) return;
        for (int i = 0; i < readers; i++) context.signalNoMoreSplits(i);
    }

    public ArrayList<ScheduledSource.Split> snapshotState(long checkpoint) throws IOException, InterruptedException {
        long from = System.nanoTime();
        while (System.nanoTime() - from < options.live("slow-snapshot-ms", 0) * 1_000_000L) Thread.sleep(20);
        if (options.liveFlag("fail-checkpoints")) throw new IOException("checkpoint " + checkpoint + " refused by the test");
        return new ArrayList<>(unassigned);
    }
}
