package sluice.load;

import org.apache.flink.streaming.api.datastream.DataStream;
import org.apache.flink.streaming.api.functions.sink.DiscardingSink;

/** The end of a stream, for Flink before 1.19, which has no discarding sink of the second kind. */
final class Discard {
    private Discard() {}

    static void all(DataStream<Long> in) { in.addSink(new DiscardingSink<>()).uid("sink").name("sink"); }
}
