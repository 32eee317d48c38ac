package org.apache.flink.runtime.scheduler.adaptivebatch;

import java.util.List;
import java.util.Map;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.runtime.executiongraph.ExecutionVertexInputInfo;
import org.apache.flink.runtime.executiongraph.IndexRange;
import org.apache.flink.runtime.executiongraph.IntermediateResultInfo;
import org.apache.flink.runtime.executiongraph.ParallelismAndInputInfos;
import org.apache.flink.runtime.jobgraph.IntermediateDataSetID;
import org.apache.flink.runtime.jobgraph.JobEdge;
import org.apache.flink.runtime.jobgraph.JobVertexID;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.databind.JsonNode;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.databind.node.ObjectNode;

/** What is called otherwise in Flink 2.3. */
final class Release {
    private Release() {}

    static ObjectNode describe(Object input) {
        BlockingResultInfo result = (BlockingResultInfo) input;
        ObjectNode said = Text.JSON.createObjectNode();
        said.put("result", result.getResultId().toString());
        return said.put("pointwise", result.isPointwise()).put("broadcast", result.isBroadcast());
    }

    static void correlations(JobEdge edge, ObjectNode said) {}

    static Map<IndexRange, IndexRange> groups(ExecutionVertexInputInfo task) {
        return Map.of(task.getPartitionIndexRange(), task.getSubpartitionIndexRange());
    }

    static DefaultVertexParallelismAndInputInfosDecider decider(int max, Configuration options, double factor, long threshold) {
        return DefaultVertexParallelismAndInputInfosDecider.from(max, options);
    }

    static BlockingResultInfo result(JsonNode input, int partitions, int subpartitions) {
        IntermediateDataSetID id = new IntermediateDataSetID();
        return input.path("pointwise").asBoolean()
                ? new PointwiseBlockingResultInfo(id, partitions, subpartitions)
                : new AllToAllBlockingResultInfo(id, partitions, subpartitions, input.path("broadcast").asBoolean());
    }

    /** What the decider takes an input as. */
    static IntermediateResultInfo input(BlockingResultInfo result, JsonNode input) {
        return result;
    }

    @SuppressWarnings({"unchecked", "rawtypes"})
    static ParallelismAndInputInfos decide(
            DefaultVertexParallelismAndInputInfosDecider decider, List<IntermediateResultInfo> inputs, int initial, int min, int max) {
        return decider.decideParallelismAndInputInfosForVertex(new JobVertexID(), (List) inputs, initial, min, max);
    }
}
