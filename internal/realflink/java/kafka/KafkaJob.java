package sluice.load.kafka;

import org.apache.flink.api.common.eventtime.WatermarkStrategy;
import org.apache.flink.api.common.serialization.SimpleStringSchema;
import org.apache.flink.connector.kafka.source.KafkaSource;
import org.apache.flink.connector.kafka.source.enumerator.initializer.OffsetsInitializer;
import org.apache.flink.streaming.api.datastream.DataStream;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import sluice.load.LoadJob;
import sluice.load.Options;

/** The load job fed by a real topic: {@code --brokers B --topic T}, from the earliest offset on. */
public final class KafkaJob {
    private KafkaJob() {}

    public static void main(String[] args) throws Exception {
        Options o = Options.parse(args);
        StreamExecutionEnvironment env = StreamExecutionEnvironment.getExecutionEnvironment();
        if (o.has("max-parallelism")) env.setMaxParallelism(o.number("max-parallelism", 0));
        KafkaSource<String> source = KafkaSource.<String>builder()
                .setBootstrapServers(o.text("brokers", ""))
                .setTopics(o.text("topic", ""))
                .setGroupId("sluice-" + o.text("topic", ""))
                .setStartingOffsets(OffsetsInitializer.earliest())
                .setValueOnlyDeserializer(new SimpleStringSchema())
                .build();
        DataStream<Long> keys = env.fromSource(source, WatermarkStrategy.noWatermarks(), "kafka-source").uid("source")
                .map(Long::parseLong).returns(Long.class).uid("parse").name("parse");
        LoadJob.finish(LoadJob.work(keys, o), o);
        env.execute(o.text("name", "kafka-load"));
    }
}
