package sluice.load;

import org.apache.flink.api.common.functions.MapFunction;
import org.apache.flink.api.common.state.ValueState;
import org.apache.flink.api.common.state.ValueStateDescriptor;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.runtime.state.FunctionInitializationContext;
import org.apache.flink.runtime.state.FunctionSnapshotContext;
import org.apache.flink.streaming.api.checkpoint.CheckpointedFunction;
import org.apache.flink.streaming.api.functions.KeyedProcessFunction;
import org.apache.flink.streaming.api.functions.co.KeyedCoProcessFunction;
import org.apache.flink.util.Collector;

/** What the jobs do with a record: each costs what its {@link Pace} says. */
public final class Operators {
    private Operators() {}

    /** Counts the records of each key: the vertex whose size is in question, with state that a restart must bring back. */
    public static final class Work extends KeyedProcessFunction<Long, Long, Long> implements CheckpointedFunction {
        private final Pace pace;
        private transient ValueState<Long> count;

        public Work(Pace pace) { this.pace = pace; }

        public void initializeState(FunctionInitializationContext c) throws Exception {
            count = c.getKeyedStateStore().getState(new ValueStateDescriptor<>("count", Types.LONG));
        }

        public void snapshotState(FunctionSnapshotContext c) {}

        public void processElement(Long key, Context c, Collector<Long> out) throws Exception {
            pace.spend();
            Long n = count.value();
            count.update(n == null ? 1 : n + 1);
            out.collect(key);
        }
    }

    /** Two inputs that meet by key. */
    public static final class Join extends KeyedCoProcessFunction<Long, Long, Long, Long> {
        private final Pace pace;

        public Join(Pace pace) { this.pace = pace; }

        public void processElement1(Long key, Context c, Collector<Long> out) { take(key, out); }
        public void processElement2(Long key, Context c, Collector<Long> out) { take(key, out); }

        private void take(Long key, Collector<Long> out) {
            pace.spend();
            out.collect(key);
        }
    }

    /** A light vertex behind the heavy one. */
    public static final class Enrich implements MapFunction<Long, Long> {
        private final Pace pace;

        public Enrich(Pace pace) { this.pace = pace; }

        public Long map(Long key) {
            pace.spend();
            return key + 1;
        }
    }
}
