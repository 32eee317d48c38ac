import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.Timestamp;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import org.apache.flink.autoscaler.DelayedScaleDown;
import org.apache.flink.autoscaler.ScalingRecord;
import org.apache.flink.autoscaler.ScalingSummary;
import org.apache.flink.autoscaler.ScalingTracking;
import org.apache.flink.autoscaler.metrics.CollectedMetrics;
import org.apache.flink.autoscaler.metrics.EvaluatedScalingMetric;
import org.apache.flink.autoscaler.metrics.ScalingMetric;
import org.apache.flink.autoscaler.tuning.ConfigChanges;
import org.apache.flink.autoscaler.utils.AutoScalerSerDeModule;
import org.apache.flink.configuration.ConfigOptions;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.runtime.jobgraph.JobVertexID;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.core.type.TypeReference;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.databind.ObjectMapper;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.datatype.jsr310.JavaTimeModule;

/**
 * Reads and writes state with the classes of the autoscaler itself.
 *
 * <p>read: a line of standard input is ITEM, tab, TEXT. The answer is a line "value", tab, DUMP,
 * tab, the text that Java writes for it, or "error" and a message.
 *
 * <p>write SEED N: N random values of each item: ITEM, tab, TEXT, tab, DUMP.
 *
 * <p>database URL USER PASSWORD: reads each row of the store's table, and writes what it read to a
 * row whose job key has "java/" before it.
 *
 * <p>A dump is a value without its notation: words "path=value" in order, numbers as the bits of
 * doubles, times as nanoseconds.
 */
public final class Translate {
    private static final ObjectMapper MAPPER =
            new ObjectMapper().registerModule(new JavaTimeModule()).registerModules(new AutoScalerSerDeModule());

    public static void main(String[] args) throws Exception {
        PrintStream out = new PrintStream(System.out, true, "UTF-8");
        switch (args[0]) {
            case "read":
                BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
                for (String line = in.readLine(); line != null; line = in.readLine()) {
                    String[] cells = line.split("\t", 2);
                    out.println(answer(cells[0], cells[1]));
                }
                break;
            case "write":
                write(out, new Random(Long.parseLong(args[1])), Integer.parseInt(args[2]));
                break;
            case "database":
                database(args[1], args[2], args[3]);
                break;
            default:
                throw new IllegalArgumentException(args[0]);
        }
    }

    private static String answer(String item, String text) {
        try {
            Value v = parse(item, text);
            return "value\t" + String.join(" ", v.dump) + "\t" + v.text;
        } catch (Exception e) {
            return "error\t" + String.valueOf(e.getMessage()).replaceAll("[\t\r\n]+", " ");
        }
    }

    private static final class Value {
        final List<String> dump = new ArrayList<>();
        String text;
    }

    private static Value parse(String item, String text) throws Exception {
        Value v = new Value();
        switch (item) {
            case "scalingHistory":
                Map<JobVertexID, SortedMap<Instant, ScalingSummary>> history =
                        MAPPER.readValue(text, new TypeReference<Map<JobVertexID, SortedMap<Instant, ScalingSummary>>>() {});
                dumpHistory(v.dump, history);
                v.text = MAPPER.writeValueAsString(history);
                return v;
            case "scalingTracking":
                ScalingTracking tracking = MAPPER.readValue(text, ScalingTracking.class);
                tracking.getScalingRecords().forEach((at, r) -> v.dump.add(nanos(at) + "=" + nanos(r.getRestartDuration())));
                v.text = MAPPER.writeValueAsString(tracking);
                return v;
            case "collectedMetrics":
                SortedMap<Instant, CollectedMetrics> metrics =
                        MAPPER.readValue(text, new TypeReference<SortedMap<Instant, CollectedMetrics>>() {});
                dumpMetrics(v.dump, metrics);
                v.text = MAPPER.writeValueAsString(metrics);
                return v;
            case "configOverrides":
                ConfigChanges changes = MAPPER.readValue(text, ConfigChanges.class);
                new TreeMap<>(changes.getOverrides()).forEach((k, x) -> v.dump.add(hex(k) + "=" + hex(x)));
                new TreeSet<>(changes.getRemovals()).forEach(k -> v.dump.add(hex(k)));
                v.text = MAPPER.writeValueAsString(changes);
                return v;
            case "delayedScaleDown":
                v.text = MAPPER.writeValueAsString(MAPPER.readValue(text, DelayedScaleDown.class));
                return v;
            case "parallelismOverrides":
                Configuration config = new Configuration();
                config.setString("x", text);
                Map<String, String> overrides = config.get(ConfigOptions.key("x").mapType().noDefaultValue());
                new TreeMap<>(overrides).forEach((k, x) -> v.dump.add(k + "=" + x));
                config = new Configuration();
                config.set(ConfigOptions.key("x").mapType().noDefaultValue(), overrides);
                v.text = config.toMap().get("x");
                return v;
            default:
                throw new IllegalArgumentException(item);
        }
    }

    private static void dumpHistory(List<String> dump, Map<JobVertexID, SortedMap<Instant, ScalingSummary>> history) {
        TreeMap<String, SortedMap<Instant, ScalingSummary>> sorted = new TreeMap<>();
        history.forEach((id, changes) -> sorted.put(id.toHexString(), changes));
        sorted.forEach((id, changes) -> changes.forEach((at, s) -> {
            String path = id + "/" + nanos(at);
            dump.add(path + "=" + s.getCurrentParallelism() + ">" + s.getNewParallelism());
            TreeMap<String, EvaluatedScalingMetric> figures = new TreeMap<>();
            s.getMetrics().forEach((m, x) -> figures.put(m.name(), x));
            figures.forEach((name, x) -> dump.add(path + "/" + name + "=" + bits(x.getCurrent()) + "," + bits(x.getAverage())));
        }));
    }

    private static void dumpMetrics(List<String> dump, SortedMap<Instant, CollectedMetrics> metrics) {
        metrics.forEach((at, c) -> {
            dump.add(nanos(at));
            TreeMap<String, Map<ScalingMetric, Double>> vertices = new TreeMap<>();
            c.getVertexMetrics().forEach((id, m) -> vertices.put(id.toHexString(), m));
            vertices.forEach((id, m) -> dumpValues(dump, nanos(at) + "/" + id, m));
            dumpValues(dump, nanos(at) + "/global", c.getGlobalMetrics());
        });
    }

    private static void dumpValues(List<String> dump, String path, Map<ScalingMetric, Double> values) {
        dump.add(path);
        TreeMap<String, Double> sorted = new TreeMap<>();
        values.forEach((m, x) -> sorted.put(m.name(), x));
        sorted.forEach((name, x) -> dump.add(path + "/" + name + "=" + bits(x)));
    }

    private static String bits(double x) {
        return Long.toHexString(Double.doubleToLongBits(x)); // one NaN
    }

    private static String nanos(Instant at) {
        return at.getEpochSecond() + "." + at.getNano();
    }

    private static String nanos(Duration d) {
        return d == null ? "none" : d.getSeconds() + "." + d.getNano();
    }

    private static String hex(String s) {
        StringBuilder b = new StringBuilder("x");
        for (byte x : s.getBytes(StandardCharsets.UTF_8)) {
            b.append(String.format("%02x", x));
        }
        return b.toString();
    }

    // Random values, as full and as odd as the autoscaler's can be.

    private static void write(PrintStream out, Random r, int n) throws Exception {
        for (int i = 0; i < n; i++) {
            print(out, "scalingHistory", MAPPER.writeValueAsString(history(r)));
            print(out, "scalingTracking", MAPPER.writeValueAsString(tracking(r)));
            print(out, "collectedMetrics", MAPPER.writeValueAsString(metrics(r)));
            print(out, "configOverrides", MAPPER.writeValueAsString(changes(r)));
        }
    }

    private static void print(PrintStream out, String item, String text) throws Exception {
        out.println(item + "\t" + text + "\t" + String.join(" ", parse(item, text).dump));
    }

    private static final double[] ODD = {
        0, -0.0, 1, 0.001, 9.99E-4, 1E7, 9999999.5, 1E21, 2E-3, Double.MIN_VALUE, Double.MAX_VALUE,
        Double.NaN, Double.POSITIVE_INFINITY, Double.NEGATIVE_INFINITY, 5.36870912E8, 9.223372036854775807E18
    };

    private static double number(Random r) {
        switch (r.nextInt(4)) {
            case 0:
                return ODD[r.nextInt(ODD.length)];
            case 1:
                return r.nextInt(1_000_000) / 1000.0;
            case 2:
                return Math.floor(r.nextDouble() * 1e15);
            default:
                return Double.longBitsToDouble(r.nextLong());
        }
    }

    private static Instant instant(Random r) {
        long[] nanos = {0, 1, 1000, 123_000_000, 123_456_000, 123_456_789, 999_999_999};
        return Instant.ofEpochSecond(r.nextInt(2_000_000_000), nanos[r.nextInt(nanos.length)]);
    }

    private static JobVertexID vertex(Random r) {
        return new JobVertexID(r.nextLong(), r.nextLong());
    }

    private static Map<JobVertexID, SortedMap<Instant, ScalingSummary>> history(Random r) {
        Map<JobVertexID, SortedMap<Instant, ScalingSummary>> history = new HashMap<>();
        for (int i = r.nextInt(3); i > 0; i--) {
            SortedMap<Instant, ScalingSummary> changes = new TreeMap<>();
            for (int k = 1 + r.nextInt(3); k > 0; k--) {
                changes.put(instant(r), new ScalingSummary(1 + r.nextInt(200), 201 + r.nextInt(200), evaluated(r)));
            }
            history.put(vertex(r), changes);
        }
        return history;
    }

    private static Map<ScalingMetric, EvaluatedScalingMetric> evaluated(Random r) {
        Map<ScalingMetric, EvaluatedScalingMetric> figures = new HashMap<>();
        for (String name : new String[] {"LOAD", "TRUE_PROCESSING_RATE", "TARGET_DATA_RATE"}) {
            figures.put(ScalingMetric.valueOf(name), EvaluatedScalingMetric.avg(number(r)));
        }
        for (String name : new String[] {"CATCH_UP_DATA_RATE", "SCALE_UP_RATE_THRESHOLD", "SCALE_DOWN_RATE_THRESHOLD", "EXPECTED_PROCESSING_RATE"}) {
            figures.put(ScalingMetric.valueOf(name), EvaluatedScalingMetric.of(number(r)));
        }
        for (String name : new String[] {"PARALLELISM", "RECOMMENDED_PARALLELISM", "MAX_PARALLELISM", "NUM_SOURCE_PARTITIONS"}) {
            figures.put(ScalingMetric.valueOf(name), EvaluatedScalingMetric.of(r.nextInt(200)));
        }
        if (r.nextBoolean()) {
            figures.put(ScalingMetric.LAG, EvaluatedScalingMetric.of(number(r)));
        }
        return figures;
    }

    private static ScalingTracking tracking(Random r) {
        ScalingTracking tracking = new ScalingTracking();
        for (int i = r.nextInt(4); i > 0; i--) {
            ScalingRecord record = new ScalingRecord();
            if (r.nextBoolean()) {
                long[] odd = {0, 1, 123, 999, 1000, 65_432_000_000L, 3_600_000_000_000L};
                record.setRestartDuration(Duration.ofNanos(odd[r.nextInt(odd.length)]));
            }
            tracking.addScalingRecord(instant(r), record);
        }
        return tracking;
    }

    private static SortedMap<Instant, CollectedMetrics> metrics(Random r) {
        SortedMap<Instant, CollectedMetrics> metrics = new TreeMap<>();
        for (int i = r.nextInt(4); i > 0; i--) {
            Map<JobVertexID, Map<ScalingMetric, Double>> vertices = new HashMap<>();
            for (int k = r.nextInt(3); k > 0; k--) {
                vertices.put(vertex(r), values(r, "LOAD", "ACCUMULATED_BUSY_TIME", "NUM_RECORDS_IN", "NUM_RECORDS_OUT", "LAG", "OBSERVED_TPR"));
            }
            metrics.put(instant(r), new CollectedMetrics(vertices, values(r, "GC_PRESSURE", "HEAP_MAX_USAGE_RATIO",
                    "HEAP_MEMORY_USED", "MANAGED_MEMORY_USED", "METASPACE_MEMORY_USED", "NUM_TASK_SLOTS_USED")));
        }
        return metrics;
    }

    private static Map<ScalingMetric, Double> values(Random r, String... names) {
        Map<ScalingMetric, Double> values = new HashMap<>();
        for (String name : names) {
            if (r.nextInt(4) > 0) {
                values.put(ScalingMetric.valueOf(name), number(r));
            }
        }
        return values;
    }

    private static ConfigChanges changes(Random r) {
        ConfigChanges changes = new ConfigChanges();
        for (int i = r.nextInt(3); i > 0; i--) {
            changes.addOverride("taskmanager.memory." + r.nextInt(9), new String[] {"1 gb", "a\"b\\", "", "größer", "<&>"}[r.nextInt(5)]);
        }
        for (int i = r.nextInt(3); i > 0; i--) {
            changes.addRemoval(ConfigOptions.key("taskmanager.memory." + r.nextInt(9)).stringType().noDefaultValue());
        }
        return changes;
    }

    private static void database(String url, String user, String password) throws Exception {
        try (Connection c = DriverManager.getConnection(url, user, password);
                PreparedStatement rows = c.prepareStatement("select job_key, state_type, state_value from t_flink_autoscaler_state_store");
                PreparedStatement insert = c.prepareStatement(
                        "insert into t_flink_autoscaler_state_store (update_time, job_key, state_type, state_value) values (?, ?, ?, ?)")) {
            ResultSet found = rows.executeQuery();
            while (found.next()) {
                insert.setTimestamp(1, Timestamp.from(Instant.now()));
                insert.setString(2, "java/" + found.getString("job_key"));
                insert.setString(3, found.getString("state_type"));
                insert.setString(4, parse(found.getString("state_type"), found.getString("state_value")).text);
                insert.addBatch();
            }
            insert.executeBatch();
        }
    }
}
