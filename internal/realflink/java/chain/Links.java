package sluice.load;

import java.io.Serializable;
import org.apache.flink.api.common.functions.OpenContext;
import org.apache.flink.api.common.functions.RichMapFunction;
import org.apache.flink.api.common.state.ValueState;
import org.apache.flink.api.common.state.ValueStateDescriptor;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.streaming.api.functions.KeyedProcessFunction;
import org.apache.flink.util.Collector;

/** The vertices of a {@link ChainJob}: each costs what {@code --NAME-us} says, and fails when it is told to. */
final class Links {
    private Links() {}

    /** Behind the source, whose reader spends the time. */
    static final class First extends RichMapFunction<Long, Long> {
        private final Mishap mishap;

        First(Options o, String name) { mishap = new Mishap(o, name); }

        public void open(OpenContext c) { mishap.open(getRuntimeContext().getTaskInfo().getIndexOfThisSubtask()); }

        public Long map(Long key) {
            mishap.check();
            return key;
        }
    }

    /** Behind a rebalance. */
    static final class Plain extends RichMapFunction<Long, Long> {
        private final Mishap mishap;
        private final Pace pace;

        Plain(Options o, String name) {
            mishap = new Mishap(o, name);
            pace = new Pace(o, name + "-us", 0, name + "-cpu-us");
        }

        public void open(OpenContext c) { mishap.open(getRuntimeContext().getTaskInfo().getIndexOfThisSubtask()); }

        public Long map(Long key) {
            mishap.check();
            pace.spend();
            return key;
        }
    }

    /** Behind a hash exchange, with a count for each key. */
    static final class Keyed extends KeyedProcessFunction<Long, Long, Long> {
        private final Mishap mishap;
        private final Pace pace;
        private transient ValueState<Long> count;

        Keyed(Options o, String name) {
            mishap = new Mishap(o, name);
            pace = new Pace(o, name + "-us", 0, name + "-cpu-us");
        }

        public void open(OpenContext c) {
            mishap.open(getRuntimeContext().getTaskInfo().getIndexOfThisSubtask());
            count = getRuntimeContext().getState(new ValueStateDescriptor<>("count", Types.LONG));
        }

        public void processElement(Long key, Context c, Collector<Long> out) throws Exception {
            mishap.check();
            pace.spend();
            Long n = count.value();
            count.update(n == null ? 1 : n + 1);
            out.collect(key);
        }
    }

    /** A failure on command: {@code fail-NAME=SUBTASK@EPOCHMILLIS} in the control file. It hits what ran at that time. */
    private static final class Mishap implements Serializable {
        private final Options options;
        private final String name;
        private transient int subtask;
        private transient long openedAt, lookedAt;

        Mishap(Options options, String name) {
            this.options = options;
            this.name = name;
        }

        void open(int subtask) {
            this.subtask = subtask;
            openedAt = System.currentTimeMillis();
        }

        void check() {
            long now = System.nanoTime();
            if (now - lookedAt < 50_000_000L && lookedAt != 0) return;
            lookedAt = now;
            String order = options.liveText("fail-" + name, "");
            int at = order.indexOf('@');
            if (at < 0 || Integer.parseInt(order.substring(0, at)) != subtask) return;
            if (Long.parseLong(order.substring(at + 1)) > openedAt) throw new IllegalStateException("failed on command");
        }
    }
}
