package org.apache.flink.runtime.scheduler.adaptivebatch;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Map;
import org.apache.flink.runtime.executiongraph.ExecutionJobVertex;
import org.apache.flink.runtime.executiongraph.IntermediateResult;
import org.apache.flink.runtime.executiongraph.JobVertexInputInfo;
import org.apache.flink.runtime.executiongraph.ParallelismAndInputInfos;
import org.apache.flink.runtime.executiongraph.ResultPartitionBytes;
import org.apache.flink.runtime.jobgraph.IntermediateDataSetID;
import org.apache.flink.runtime.jobgraph.IntermediateResultPartitionID;
import org.apache.flink.runtime.jobgraph.JobEdge;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.databind.node.ArrayNode;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.databind.node.ObjectNode;

/** What the agent has a JobManager tell of its batch jobs, one JSON object a line: the bytes of partitions, and vertices. */
public final class Watch {
    /** Where to; set by the agent. */
    public static volatile Path file;

    /** What was decided last, until its vertex is made. */
    private static final ThreadLocal<ObjectNode> decision = new ThreadLocal<>();

    private Watch() {}

    /** The decider has answered. */
    public static void decided(ParallelismAndInputInfos answer, Object vertex, List<?> inputs, int initial, int minimum, int maximum) {
        ObjectNode decided = Text.JSON.createObjectNode();
        decided.put("vertex", vertex.toString());
        decided.put("parallelism", answer.getParallelism());
        decided.put("initial", initial).put("minimum", minimum).put("maximum", maximum);
        ArrayNode said = decided.putArray("inputs");
        for (Object input : inputs) said.add(Release.describe(input));
        decision.set(decided);
    }

    /** The tasks of a vertex are there. */
    public static void initialized(ExecutionJobVertex vertex, Map<IntermediateDataSetID, JobVertexInputInfo> infos) {
        ObjectNode said = Text.JSON.createObjectNode();
        said.put("job", vertex.getJobId().toString());
        said.put("vertex", vertex.getJobVertexId().toString()).put("name", vertex.getName());
        said.put("parallelism", vertex.getParallelism()).put("maximum", vertex.getMaxParallelism());
        ObjectNode decided = decision.get();
        decision.remove();
        if (decided != null && decided.get("vertex").asText().equals(vertex.getJobVertexId().toString())) said.set("decision", decided);
        ArrayNode inputs = said.putArray("inputs");
        for (JobEdge edge : vertex.getJobVertex().getInputs()) {
            ObjectNode input = inputs.addObject();
            input.put("result", edge.getSourceId().toString());
            input.put("producer", edge.getSource().getProducer().getID().toString());
            input.put("pattern", edge.getDistributionPattern().toString()).put("ship", edge.getShipStrategyName());
            input.put("broadcast", edge.isBroadcast()).put("forward", edge.isForward());
            Release.correlations(edge, input);
            input.set("tasks", Text.tasks(infos.get(edge.getSourceId())));
        }
        ArrayNode results = said.putArray("results");
        for (IntermediateResult made : vertex.getProducedDataSets()) {
            ObjectNode result = results.addObject();
            result.put("result", made.getId().toString()).put("type", made.getResultType().toString());
            result.put("partitions", made.getNumberOfAssignedPartitions());
            result.put("subpartitions", made.getPartitions()[0].getNumberOfSubpartitions());
        }
        write(said);
    }

    /** A task has finished and tells what it wrote. */
    public static void produced(Map<IntermediateResultPartitionID, ResultPartitionBytes> partitions) {
        partitions.forEach((id, bytes) -> {
            ObjectNode said = Text.JSON.createObjectNode();
            said.put("result", id.getIntermediateDataSetID().toString()).put("partition", id.getPartitionNumber());
            ArrayNode each = said.putArray("bytes");
            for (long n : bytes.getSubpartitionBytes()) each.add(n);
            write(said);
        });
    }

    private static synchronized void write(ObjectNode said) {
        try {
            Files.write(file, (said + "\n").getBytes(StandardCharsets.UTF_8), StandardOpenOption.CREATE, StandardOpenOption.APPEND);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
