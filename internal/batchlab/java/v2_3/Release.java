package org.apache.flink.runtime.scheduler.adaptivebatch;

import java.util.HashMap;
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

/** What is called otherwise in Flink 1.20. */
final class Release {
    private Release() {}

    static ObjectNode describe(Object given) {
        BlockingInputInfo input = (BlockingInputInfo) given;
        ObjectNode said = Text.JSON.createObjectNode();
        said.put("result", input.getResultId().toString());
        said.put("pointwise", input.isPointwise()).put("broadcast", input.isBroadcast());
        said.put("single", input.isSingleSubpartitionContainsAllData());
        said.put("type", input.getInputTypeNumber());
        return said.put("inter", input.areInterInputsKeysCorrelated()).put("intra", input.isIntraInputKeyCorrelated());
    }

    static void correlations(JobEdge edge, ObjectNode said) {
        said.put("type", edge.getTypeNumber());
        said.put("inter", edge.areInterInputsKeysCorrelated()).put("intra", edge.isIntraInputKeyCorrelated());
    }

    static Map<IndexRange, IndexRange> groups(ExecutionVertexInputInfo task) {
        return task.getConsumedSubpartitionGroups();
    }

    static DefaultVertexParallelismAndInputInfosDecider decider(int max, Configuration options, double factor, long threshold) {
        return DefaultVertexParallelismAndInputInfosDecider.from(max, factor, threshold, options);
    }

    static BlockingResultInfo result(JsonNode input, int partitions, int subpartitions) {
        IntermediateDataSetID id = new IntermediateDataSetID();
        return input.path("pointwise").asBoolean()
                ? new PointwiseBlockingResultInfo(id, partitions, subpartitions, new HashMap<>())
                : new AllToAllBlockingResultInfo(
                        id, partitions, subpartitions, input.path("broadcast").asBoolean(), input.path("single").asBoolean());
    }

    /** What the decider takes an input as. */
    static IntermediateResultInfo input(BlockingResultInfo result, JsonNode input) {
        return new BlockingInputInfo(
                result, input.path("type").asInt(), input.path("inter").asBoolean(), input.path("intra").asBoolean());
    }

    @SuppressWarnings({"unchecked", "rawtypes"})
    static ParallelismAndInputInfos decide(
            DefaultVertexParallelismAndInputInfosDecider decider, List<IntermediateResultInfo> inputs, int initial, int min, int max) {
        return decider.decideParallelismAndInputInfosForVertex(new JobVertexID(), (List) inputs, initial, min, max);
    }
}
