package sluice.load;

import org.apache.flink.api.common.eventtime.WatermarkStrategy;
import org.apache.flink.streaming.api.datastream.DataStream;
import org.apache.flink.streaming.api.datastream.SingleOutputStreamOperator;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;

/**
 * A chain of vertices that a test chooses: {@code --chain source=4,work=4/8@g2,count=4}, each
 * {@code name=parallelism[/max parallelism][@slot sharing group]}. The second reads the source by rebalance, those that
 * follow by hash, with keyed state.
 */
public final class ChainJob {
    private ChainJob() {}

    public static void main(String[] args) throws Exception {
        Options o = Options.parse(args);
        StreamExecutionEnvironment env = StreamExecutionEnvironment.getExecutionEnvironment();
        DataStream<Long> stream = null;
        for (String spec : o.text("chain", "").split(",")) stream = append(env, o, stream, new Shape(spec));
        env.execute(o.text("name", "chain"));
    }

    private static DataStream<Long> append(StreamExecutionEnvironment env, Options o, DataStream<Long> in, Shape s) {
        if (in == null) {
            DataStream<Long> source = s.give(
                    env.fromSource(new ScheduledSource(o, ""), WatermarkStrategy.noWatermarks(), s.name).uid(s.name));
            return s.give(source.map(new Links.First(o, s.name)).uid(s.name + "-link").name(s.name + "-link"));
        }
        boolean second = in.getTransformation().getName().endsWith("-link");
        return s.give((second
                ? in.rebalance().map(new Links.Plain(o, s.name))
                : in.keyBy(k -> k).process(new Links.Keyed(o, s.name))).uid(s.name).name(s.name));
    }

    /** What {@code name=parallelism[/max][@group]} says. */
    private static final class Shape {
        final String name, group;
        final int parallelism, max;

        Shape(String text) {
            int eq = text.indexOf('='), at = text.indexOf('@');
            name = text.substring(0, eq);
            group = at < 0 ? "default" : text.substring(at + 1);
            String[] numbers = text.substring(eq + 1, at < 0 ? text.length() : at).split("/");
            parallelism = Integer.parseInt(numbers[0]);
            max = numbers.length > 1 ? Integer.parseInt(numbers[1]) : 0;
        }

        SingleOutputStreamOperator<Long> give(SingleOutputStreamOperator<Long> s) {
            s.setParallelism(parallelism).slotSharingGroup(group);
            return max > 0 ? s.setMaxParallelism(max) : s;
        }
    }
}
