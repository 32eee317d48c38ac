package sluice.load;

import org.apache.flink.api.common.RuntimeExecutionMode;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.streaming.api.datastream.DataStream;
import org.apache.flink.streaming.api.datastream.SingleOutputStreamOperator;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;

/**
 * A batch job with the exchanges that SQL does not make: the numbers 0 to the first argument, exclusive, go by rescale to
 * {@code pair}, with a quarter as many more by rebalance, forward to {@code check} in a vertex of its own, by rebalance to
 * {@code spread}, and by hash to {@code count}.
 */
public final class PointwiseJob {
    private PointwiseJob() {}

    public static void main(String[] args) throws Exception {
        StreamExecutionEnvironment env = StreamExecutionEnvironment.getExecutionEnvironment();
        env.setRuntimeMode(RuntimeExecutionMode.BATCH);
        long records = Long.parseLong(args[0]);
        DataStream<Long> numbers = env.fromSequence(0, records - 1);
        DataStream<Long> more = env.fromSequence(records, records + records / 4);
        SingleOutputStreamOperator<String> pair = numbers.rescale().union(more.rebalance()).map(PointwiseJob::wide).returns(Types.STRING).name("pair");
        SingleOutputStreamOperator<String> check =
                pair.forward().filter(s -> !s.isEmpty()).name("check").startNewChain();
        SingleOutputStreamOperator<String> spread = check.rebalance().map(s -> s).returns(Types.STRING).name("spread");
        Discard.all(spread.keyBy(s -> s.substring(0, 2)).reduce((a, b) -> a.compareTo(b) < 0 ? b : a).name("count").map(s -> 1L));
        env.execute("pointwise");
    }

    /** Text of 40 to 60 bytes that is not the same for any two numbers. */
    private static String wide(Long n) {
        String digits = Long.toHexString(n * 0x9E3779B97F4A7C15L);
        return digits + "-".repeat(24 + (int) (n % 20));
    }
}
