package sluice.load;

import org.apache.flink.api.common.RuntimeExecutionMode;
import org.apache.flink.api.common.eventtime.WatermarkStrategy;
import org.apache.flink.streaming.api.datastream.DataStream;
import org.apache.flink.streaming.api.datastream.SingleOutputStreamOperator;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;

/**
 * A job whose load, capacity and skew are known: {@code --topology load} (source, work, enrich with the sink) or
 * {@code join} (two sources, join, enrich). The options are described where the Go side sets them.
 */
public final class LoadJob {
    private LoadJob() {}

    public static void main(String[] args) throws Exception {
        Options o = Options.parse(args);
        StreamExecutionEnvironment env = StreamExecutionEnvironment.getExecutionEnvironment();
        if (o.has("max-parallelism")) env.setMaxParallelism(o.number("max-parallelism", 0));
        if (o.flag("batch")) env.setRuntimeMode(RuntimeExecutionMode.BATCH);
        switch (o.text("topology", "load")) {
            case "load": finish(work(source(env, o, ""), o), o); break;
            case "join": finish(join(source(env, o, ""), source(env, o, "-b"), o), o); break;
            default: throw new IllegalArgumentException("unknown topology " + o.text("topology", ""));
        }
        env.execute(o.text("name", "load"));
    }

    private static DataStream<Long> source(StreamExecutionEnvironment env, Options o, String suffix) {
        String name = "source" + suffix;
        return sized(o, "source", env.fromSource(new ScheduledSource(o, suffix), WatermarkStrategy.noWatermarks(), name).uid(name));
    }

    /** The keyed work on a stream of keys; in a slot sharing group of its own with {@code --own-slots true}. */
    public static DataStream<Long> work(DataStream<Long> in, Options o) {
        SingleOutputStreamOperator<Long> w = in.keyBy(k -> k).process(new Operators.Work(cost(o))).uid("work").name("work");
        if (o.flag("own-slots")) w.slotSharingGroup("work");
        return sized(o, "work", w);
    }

    private static DataStream<Long> join(DataStream<Long> a, DataStream<Long> b, Options o) {
        return sized(o, "work", a.keyBy(k -> k).connect(b.keyBy(k -> k)).process(new Operators.Join(cost(o))).uid("join").name("join"));
    }

    /** The light end of every job. */
    public static void finish(DataStream<Long> in, Options o) {
        SingleOutputStreamOperator<Long> e =
                in.rebalance().map(new Operators.Enrich(new Pace(o, "enrich-us", 100, "enrich-cpu-us"))).uid("enrich").name("enrich");
        if (o.flag("own-slots")) e.slotSharingGroup("default");
        Discard.all(sized(o, "enrich", e));
    }

    private static Pace cost(Options o) { return new Pace(o, "cost-us", 1000, "cpu-us"); }

    private static SingleOutputStreamOperator<Long> sized(Options o, String vertex, SingleOutputStreamOperator<Long> s) {
        return o.has(vertex + "-parallelism") ? s.setParallelism(o.number(vertex + "-parallelism", 1)) : s;
    }
}
