package sluice.client;

import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.Map;
import java.util.SortedMap;
import org.apache.flink.api.common.JobID;
import org.apache.flink.api.common.JobStatus;
import org.apache.flink.autoscaler.JobAutoScalerContext;
import org.apache.flink.autoscaler.RestApiMetricsCollector;
import org.apache.flink.autoscaler.metrics.CollectedMetricHistory;
import org.apache.flink.autoscaler.metrics.CollectedMetrics;
import org.apache.flink.autoscaler.metrics.ScalingMetric;
import org.apache.flink.autoscaler.state.InMemoryAutoScalerStateStore;
import org.apache.flink.autoscaler.topology.VertexInfo;
import org.apache.flink.client.program.rest.RestClusterClient;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.configuration.RestOptions;
import org.apache.flink.metrics.groups.UnregisteredMetricsGroup;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.databind.JsonNode;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.databind.node.ObjectNode;

/**
 * Lets the metric collector of Flink's autoscaler collect: {"job": ID, "at": EPOCH MILLIS, "config": {...}}. The answer is
 * the newest sample, the topology, and when the job began to run. What it remembers of a job it keeps from question to
 * question, as in a control loop.
 */
public final class Collect {
    private final RestClusterClient<String> client;
    private final Collector collector = new Collector();
    private final InMemoryAutoScalerStateStore<JobID, JobAutoScalerContext<JobID>> store = new InMemoryAutoScalerStateStore<>();

    /** The collector with a clock that is set from outside. */
    private static final class Collector extends RestApiMetricsCollector<JobID, JobAutoScalerContext<JobID>> {
        void at(Instant now) {
            setClock(Clock.fixed(now, ZoneOffset.UTC));
        }
    }

    private Collect(String host, int port) throws Exception {
        Configuration config = new Configuration();
        config.set(RestOptions.ADDRESS, host);
        config.set(RestOptions.PORT, port);
        client = new RestClusterClient<>(config, "sluice") {
            @Override
            public void close() {} // the collector closes it after each request
        };
    }

    public static void main(String[] args) throws Exception {
        Ask.serve(new Collect(args[0], Integer.parseInt(args[1]))::answer);
        System.exit(0); // threads of the client linger
    }

    private JsonNode answer(JsonNode question) throws Exception {
        JobID job = JobID.fromHexString(question.get("job").asText());
        Configuration config = new Configuration();
        question.path("config").fields().forEachRemaining(e -> config.setString(e.getKey(), e.getValue().asText()));
        collector.at(Instant.ofEpochMilli(question.get("at").asLong()));
        JobAutoScalerContext<JobID> context = new JobAutoScalerContext<>(
                job, job, JobStatus.RUNNING, config, new UnregisteredMetricsGroup(), () -> client);
        CollectedMetricHistory history = collector.updateMetrics(context, store);
        // While the job stabilizes the history is kept back.
        SortedMap<Instant, CollectedMetrics> kept = store.getCollectedMetrics(context);
        return describe(history, kept.get(kept.lastKey()));
    }

    private static JsonNode describe(CollectedMetricHistory history, CollectedMetrics newest) {
        ObjectNode all = Ask.JSON.createObjectNode();
        all.put("running", history.getJobRunningTs().toEpochMilli());
        all.put("full", history.isFullyCollected());
        ObjectNode topology = all.putObject("topology");
        for (VertexInfo vertex : history.getJobTopology().getVertexInfos().values()) {
            ObjectNode one = topology.putObject(vertex.getId().toHexString());
            one.put("parallelism", vertex.getParallelism());
            one.put("max", vertex.getMaxParallelism());
            one.put("partitions", vertex.getNumSourcePartitions());
            ObjectNode inputs = one.putObject("inputs");
            vertex.getInputs().forEach((from, ship) -> inputs.put(from.toHexString(), ship.name()));
        }
        ObjectNode vertices = all.putObject("vertices");
        newest.getVertexMetrics().forEach((vertex, metrics) -> put(vertices.putObject(vertex.toHexString()), metrics));
        put(all.putObject("global"), newest.getGlobalMetrics());
        return all;
    }

    /** Numbers as text, to the last digit: JSON has no NaN. */
    private static void put(ObjectNode into, Map<ScalingMetric, Double> metrics) {
        metrics.forEach((metric, value) -> into.put(metric.name(), value.toString()));
    }
}
