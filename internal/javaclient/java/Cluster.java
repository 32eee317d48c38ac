package sluice.client;

import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.apache.flink.api.common.JobID;
import org.apache.flink.client.program.rest.RestClusterClient;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.configuration.RestOptions;
import org.apache.flink.core.execution.CheckpointType;
import org.apache.flink.core.execution.SavepointFormatType;
import org.apache.flink.runtime.client.JobStatusMessage;
import org.apache.flink.runtime.jobgraph.JobResourceRequirements;
import org.apache.flink.runtime.jobgraph.JobVertexID;
import org.apache.flink.runtime.jobgraph.JobVertexResourceRequirements;
import org.apache.flink.runtime.jobmaster.JobResult;
import org.apache.flink.runtime.rest.util.RestMapperUtils;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.databind.JsonNode;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.databind.node.ArrayNode;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.databind.node.ObjectNode;
import org.apache.flink.util.AbstractID;

/**
 * The methods of RestClusterClient, the client that Flink's command line and its operators use: {"call": NAME, "job": ID,
 * ...}. Operations are waited for as that client waits for them, by asking again and again.
 */
final class Cluster implements AutoCloseable {
    private final RestClusterClient<String> client;

    Cluster(String host, int port) throws Exception {
        Configuration config = new Configuration();
        config.set(RestOptions.ADDRESS, host);
        config.set(RestOptions.PORT, port);
        config.set(RestOptions.RETRY_MAX_ATTEMPTS, 3);
        client = new RestClusterClient<>(config, "sluice");
    }

    JsonNode answer(JsonNode question) throws Exception {
        String call = question.get("call").asText();
        switch (call) {
            case "listJobs":
                return jobs();
            case "listCompletedClusterDatasetIds":
                return Ask.JSON.valueToTree(done(client.listCompletedClusterDatasetIds()).size());
            case "invalidateClusterDataset":
                return ended(client.invalidateClusterDataset(new AbstractID(JobID.fromHexString(question.get("id").asText()))));
            case "disposeSavepoint":
                return ended(client.disposeSavepoint(question.get("path").asText()));
            case "getWebInterfaceURL":
                return Ask.JSON.valueToTree(client.getWebInterfaceURL());
            case "shutDownCluster":
                client.shutDownCluster();
                return Ask.JSON.nullNode();
            default:
                return ofJob(call, JobID.fromHexString(question.get("job").asText()), question);
        }
    }

    private JsonNode ofJob(String call, JobID job, JsonNode question) throws Exception {
        switch (call) {
            case "getJobStatus":
                return Ask.JSON.valueToTree(done(client.getJobStatus(job)).name());
            case "getJobDetails":
                return RestMapperUtils.getStrictObjectMapper().valueToTree(done(client.getJobDetails(job)));
            case "requestJobResult":
                return result(done(client.requestJobResult(job)));
            case "getAccumulators":
                return Ask.JSON.valueToTree(done(client.getAccumulators(job, getClass().getClassLoader())).size());
            case "cancel":
                return ended(client.cancel(job));
            case "reportHeartbeat":
                return ended(client.reportHeartbeat(job, question.get("until").asLong()));
            case "updateJobResourceRequirements":
                return ended(client.updateJobResourceRequirements(job, requirements(question.get("bounds"))));
            case "triggerCheckpoint":
                return Ask.JSON.valueToTree(done(client.triggerCheckpoint(job, CheckpointType.DEFAULT)));
            default:
                return Ask.JSON.valueToTree(done(savepoint(call, job, question)));
        }
    }

    private Future<String> savepoint(String call, JobID job, JsonNode question) {
        String target = question.path("target").asText(null);
        SavepointFormatType format = SavepointFormatType.CANONICAL;
        boolean drain = question.path("drain").asBoolean();
        switch (call) {
            case "triggerSavepoint":
                return client.triggerSavepoint(job, target, format);
            case "triggerDetachedSavepoint":
                return client.triggerDetachedSavepoint(job, target, format);
            case "stopWithSavepoint":
                return client.stopWithSavepoint(job, drain, target, format);
            case "stopWithDetachedSavepoint":
                return client.stopWithDetachedSavepoint(job, drain, target, format);
            case "cancelWithSavepoint":
                return client.cancelWithSavepoint(job, target, format);
            default:
                throw new IllegalArgumentException("there is no call " + call);
        }
    }

    private JsonNode jobs() throws Exception {
        ArrayNode all = Ask.JSON.createArrayNode();
        for (JobStatusMessage job : done(client.listJobs())) {
            ObjectNode one = all.addObject();
            one.put("id", job.getJobId().toHexString());
            one.put("name", job.getJobName());
            one.put("state", job.getJobState().name());
            one.put("start", job.getStartTime());
        }
        return all;
    }

    private static JsonNode result(JobResult result) {
        ObjectNode one = Ask.JSON.createObjectNode();
        one.put("job", result.getJobId().toHexString());
        one.put("successful", result.isSuccess());
        one.put("runtime", result.getNetRuntime());
        result.getSerializedThrowable().ifPresent(failure -> one.put("failure", failure.getMessage()));
        return one;
    }

    private static JobResourceRequirements requirements(JsonNode bounds) {
        Map<JobVertexID, JobVertexResourceRequirements> all = new HashMap<>();
        bounds.fields().forEachRemaining(bound -> all.put(
                JobVertexID.fromHexString(bound.getKey()),
                new JobVertexResourceRequirements(new JobVertexResourceRequirements.Parallelism(
                        bound.getValue().get(0).asInt(), bound.getValue().get(1).asInt()))));
        return new JobResourceRequirements(all);
    }

    private static JsonNode ended(Future<?> future) throws Exception {
        done(future);
        return Ask.JSON.nullNode();
    }

    private static <T> T done(Future<T> future) throws Exception {
        return future.get(60, TimeUnit.SECONDS);
    }

    @Override
    public void close() {
        client.close();
    }
}
