package org.apache.flink.runtime.scheduler.adaptivebatch;

import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.apache.flink.configuration.BatchExecutionOptions;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.configuration.MemorySize;
import org.apache.flink.runtime.executiongraph.IntermediateResultInfo;
import org.apache.flink.runtime.executiongraph.ParallelismAndInputInfos;
import org.apache.flink.runtime.executiongraph.ResultPartitionBytes;
import org.apache.flink.runtime.executiongraph.VertexInputInfoComputationUtils;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.databind.JsonNode;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.databind.node.ArrayNode;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.databind.node.ObjectNode;

/**
 * Asks Flink's own decider: a vertex and its inputs a line come in, its parallelism and what each task reads go out, in
 * JSON; {"error": ...} is what Flink threw.
 */
public final class Oracle {
    private Oracle() {}

    public static void main(String[] args) throws Exception {
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        PrintStream out = new PrintStream(System.out, false, StandardCharsets.UTF_8);
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            ObjectNode said = Text.JSON.createObjectNode();
            try {
                answer(Text.JSON.readTree(line), said);
            } catch (RuntimeException e) {
                said.put("error", e.getClass().getSimpleName() + ": " + e.getMessage() + where(e));
            }
            out.println(said);
        }
        out.flush();
    }

    /** The methods of Flink that an exception came through, innermost first. */
    private static String where(RuntimeException e) {
        StringBuilder methods = new StringBuilder();
        for (StackTraceElement frame : e.getStackTrace()) {
            if (frame.getClassName().contains("Oracle")) break;
            methods.append(" < ").append(frame.getMethodName());
        }
        return methods.toString();
    }

    private static void answer(JsonNode asked, ObjectNode said) {
        List<IntermediateResultInfo> inputs = new ArrayList<>();
        for (JsonNode input : asked.path("inputs")) inputs.add(Release.input(produced(input), input));
        ParallelismAndInputInfos decided = decide(asked, inputs);
        said.put("parallelism", decided.getParallelism());
        ArrayNode each = said.putArray("inputs");
        for (IntermediateResultInfo input : inputs) each.add(Text.tasks(decided.getJobVertexInputInfos().get(input.getResultId())));
    }

    /** The scheduler asks no decider for a vertex with inputs whose parallelism is fixed, nor does this. */
    private static ParallelismAndInputInfos decide(JsonNode asked, List<IntermediateResultInfo> inputs) {
        int fixed = asked.path("fixed").asInt(-1);
        Configuration options = new Configuration();
        options.set(BatchExecutionOptions.ADAPTIVE_AUTO_PARALLELISM_MIN_PARALLELISM, asked.path("min").asInt());
        options.set(BatchExecutionOptions.ADAPTIVE_AUTO_PARALLELISM_AVG_DATA_VOLUME_PER_TASK, new MemorySize(asked.path("avg").asLong()));
        if (asked.has("source")) {
            options.set(BatchExecutionOptions.ADAPTIVE_AUTO_PARALLELISM_DEFAULT_SOURCE_PARALLELISM, asked.path("source").asInt());
        }
        DefaultVertexParallelismAndInputInfosDecider decider =
                Release.decider(asked.path("max").asInt(), options, asked.path("factor").asDouble(), asked.path("threshold").asLong());
        if (fixed > 0 && !inputs.isEmpty()) {
            return new ParallelismAndInputInfos(fixed, VertexInputInfoComputationUtils.computeVertexInputInfos(fixed, inputs, true));
        }
        return Release.decide(decider, inputs, fixed, asked.path("vertexMin").asInt(-1), asked.path("vertexMax").asInt());
    }

    private static BlockingResultInfo produced(JsonNode input) {
        JsonNode partitions = input.path("bytes");
        BlockingResultInfo result = Release.result(input, partitions.size(), partitions.path(0).size());
        for (int i = 0; i < partitions.size(); i++) {
            long[] bytes = new long[partitions.path(i).size()];
            for (int j = 0; j < bytes.length; j++) bytes[j] = partitions.path(i).path(j).asLong();
            result.recordPartitionInfo(i, new ResultPartitionBytes(bytes));
        }
        return result;
    }
}
