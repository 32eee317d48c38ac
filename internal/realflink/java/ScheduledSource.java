package sluice.load;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.io.ObjectStreamClass;
import java.io.Serializable;
import java.util.ArrayList;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.api.connector.source.Boundedness;
import org.apache.flink.api.connector.source.Source;
import org.apache.flink.api.connector.source.SourceReader;
import org.apache.flink.api.connector.source.SourceReaderContext;
import org.apache.flink.api.connector.source.SourceSplit;
import org.apache.flink.api.connector.source.SplitEnumerator;
import org.apache.flink.api.connector.source.SplitEnumeratorContext;
import org.apache.flink.api.java.typeutils.ResultTypeQueryable;
import org.apache.flink.core.io.SimpleVersionedSerializer;

/** A source with partitions in the manner of Kafka, filled by the wall clock; it remembers its positions. */
public final class ScheduledSource
        implements Source<Long, ScheduledSource.Split, ArrayList<ScheduledSource.Split>>, ResultTypeQueryable<Long> {
    final Options options;
    final Rate rate;
    final Keys keys;
    final int partitions;
    /** Records of a partition after which it ends; without end if the job has none. */
    final long end;

    /** A source whose schedule is that of the options with the suffix. */
    public ScheduledSource(Options options, String suffix) {
        this.options = options;
        rate = Rate.of(options, suffix);
        keys = new Keys(options);
        partitions = options.number("partitions", 12);
        end = options.has("records") ? Math.max(1, options.number("records", 0) / partitions) : Long.MAX_VALUE;
    }

    /** A partition and how many of its records were read. */
    public static final class Split implements SourceSplit, Serializable {
        final int id;
        long position;

        Split(int id, long position) {
            this.id = id;
            this.position = position;
        }

        public String splitId() { return Integer.toString(id); }
    }

    public Boundedness getBoundedness() {
        return end == Long.MAX_VALUE ? Boundedness.CONTINUOUS_UNBOUNDED : Boundedness.BOUNDED;
    }

    public TypeInformation<Long> getProducedType() { return Types.LONG; }
    public SimpleVersionedSerializer<Split> getSplitSerializer() { return new Plain<>(); }
    public SimpleVersionedSerializer<ArrayList<Split>> getEnumeratorCheckpointSerializer() { return new Plain<>(); }
    public SourceReader<Long, Split> createReader(SourceReaderContext c) { return new ScheduledReader(this, c); }

    public SplitEnumerator<Split, ArrayList<Split>> createEnumerator(SplitEnumeratorContext<Split> c) {
        ArrayList<Split> all = new ArrayList<>();
        for (int i = 0; i < partitions; i++) all.add(new Split(i, 0));
        return new ScheduledEnumerator(this, c, all);
    }

    public SplitEnumerator<Split, ArrayList<Split>> restoreEnumerator(
            SplitEnumeratorContext<Split> c, ArrayList<Split> unassigned) {
        return new ScheduledEnumerator(this, c, unassigned);
    }

    private static final class Plain<T> implements SimpleVersionedSerializer<T> {
        public int getVersion() { return 1; }

        public byte[] serialize(T o) throws IOException {
            ByteArrayOutputStream b = new ByteArrayOutputStream();
            try (ObjectOutputStream s = new ObjectOutputStream(b)) {
                s.writeObject(o);
            }
            return b.toByteArray();
        }

        @SuppressWarnings("unchecked")
        public T deserialize(int version, byte[] data) throws IOException {
            try (ObjectInputStream s = new ObjectInputStream(new ByteArrayInputStream(data)) {
                protected Class<?> resolveClass(ObjectStreamClass c) throws ClassNotFoundException {
                    return Class.forName(c.getName(), false, ScheduledSource.class.getClassLoader());
                }
            }) {
                return (T) s.readObject();
            } catch (ClassNotFoundException e) {
                throw new IOException(e);
            }
        }
    }
}
