package sluice.load;

import java.io.IOException;
import java.io.Serializable;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * How many records have been produced since the beginning, as a function of the wall clock and of nothing else: a
 * restarted source that knows its position finds the same backlog as one that never stopped.
 *
 * <p>{@code const:R}, {@code step:t=R,t=R,...} and {@code sine:base,amplitude,period} count seconds from the submission
 * of the job. A rate file holds lines {@code epochMillis=R}, in order of time; the test appends to it.
 */
public final class Rate implements Serializable {
    private final String spec;
    private final String file;
    private final long start;
    private transient Steps steps;
    private transient long seen;
    private transient long lookedAt;

    private Rate(String spec, String file, long start) {
        this.spec = spec;
        this.file = file;
        this.start = start;
    }

    /** The schedule of the options {@code rate} and {@code rate-file}, or of those with a suffix. */
    public static Rate of(Options o, String suffix) {
        long now = System.currentTimeMillis();
        Rate r = new Rate(o.text("rate" + suffix, "const:500"), o.text("rate-file" + suffix, null), now);
        r.due(now + 1000); // a schedule that cannot be read fails the submission, not a task
        return r;
    }

    /** Records due at that moment. */
    public synchronized double due(long epochMillis) {
        if (file != null) return fileSteps().due(epochMillis / 1000.0);
        double t = (epochMillis - start) / 1000.0;
        String[] kv = spec.split(":", 2);
        switch (kv[0]) {
            case "const": return Math.max(0, Double.parseDouble(kv[1]) * t);
            case "step": return Steps.parse(kv[1].split(","), 1).due(t);
            case "sine": return sine(kv[1].split(","), t);
            default: throw new IllegalArgumentException("unknown schedule " + spec);
        }
    }

    private static double sine(String[] f, double t) {
        if (t <= 0) return 0;
        double base = Double.parseDouble(f[0]), amp = Double.parseDouble(f[1]);
        double w = 2 * Math.PI / Double.parseDouble(f[2]);
        return base * t + amp / w * (1 - Math.cos(w * t));
    }

    private Steps fileSteps() {
        long now = System.nanoTime();
        if (steps != null && now - lookedAt < 100_000_000L) return steps;
        lookedAt = now;
        try {
            long size = Files.size(Path.of(file));
            if (steps == null || size != seen) {
                String all = Files.readString(Path.of(file));
                steps = Steps.parse(all.substring(0, all.lastIndexOf('\n') + 1).split("\n"), 1000);
                seen = all.length();
            }
        } catch (IOException e) {
            if (steps == null) throw new IllegalArgumentException("rate file " + file, e);
        }
        return steps;
    }

    /** A rate that holds from one moment to the next. */
    private static final class Steps {
        private final double[] at, rate;

        private Steps(double[] at, double[] rate) {
            this.at = at;
            this.rate = rate;
        }

        static Steps parse(String[] lines, double perSecond) {
            double[] at = new double[lines.length], rate = new double[lines.length];
            int n = 0;
            for (String line : lines) {
                if (line.isBlank()) continue;
                String[] p = line.strip().split("=");
                at[n] = Double.parseDouble(p[0]) / perSecond;
                rate[n++] = Double.parseDouble(p[1]);
            }
            return new Steps(java.util.Arrays.copyOf(at, n), java.util.Arrays.copyOf(rate, n));
        }

        double due(double t) {
            double sum = 0;
            for (int i = 0; i < at.length && at[i] < t; i++) {
                double until = i + 1 < at.length ? Math.min(at[i + 1], t) : t;
                sum += rate[i] * Math.max(0, until - at[i]);
            }
            return sum;
        }
    }
}
