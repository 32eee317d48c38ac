package org.apache.flink.runtime.scheduler.adaptivebatch;

import java.util.Map;
import org.apache.flink.runtime.executiongraph.ExecutionVertexInputInfo;
import org.apache.flink.runtime.executiongraph.IndexRange;
import org.apache.flink.runtime.executiongraph.JobVertexInputInfo;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.databind.ObjectMapper;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.databind.node.ArrayNode;

/** Flink's values in JSON. */
final class Text {
    static final ObjectMapper JSON = new ObjectMapper();

    private Text() {}

    /** For each task what it reads: [first partition, last, first subpartition, last], as often as it has to be said. */
    static ArrayNode tasks(JobVertexInputInfo info) {
        ArrayNode tasks = JSON.createArrayNode();
        for (ExecutionVertexInputInfo task : info.getExecutionVertexInputInfos()) {
            ArrayNode groups = tasks.addArray();
            for (Map.Entry<IndexRange, IndexRange> group : Release.groups(task).entrySet()) {
                IndexRange partitions = group.getKey(), subpartitions = group.getValue();
                groups.addArray()
                        .add(partitions.getStartIndex()).add(partitions.getEndIndex())
                        .add(subpartitions.getStartIndex()).add(subpartitions.getEndIndex());
            }
        }
        return tasks;
    }
}
