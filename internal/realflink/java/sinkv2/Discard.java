package sluice.load;

import org.apache.flink.streaming.api.datastream.DataStream;
import org.apache.flink.streaming.api.functions.sink.v2.DiscardingSink;

/** The end of a stream, for Flink 1.19 and later. */
final class Discard {
    private Discard() {}

    static void all(DataStream<Long> in) { in.sinkTo(new DiscardingSink<>()).uid("sink").name("sink"); }
}
