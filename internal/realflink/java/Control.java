package sluice.load;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** A file of {@code name=value} lines by which a test changes a running job; looked at five times a second. */
final class Control {
    private static final long EVERY_NS = 200_000_000L;
    private static final ConcurrentHashMap<String, Control> FILES = new ConcurrentHashMap<>();

    private final Path path;
    private volatile Map<String, String> values = Map.of();
    private volatile long readAt = System.nanoTime() - 2 * EVERY_NS;

    private Control(Path path) { this.path = path; }

    static Map<String, String> read(String file) {
        return FILES.computeIfAbsent(file, f -> new Control(Path.of(f))).fresh();
    }

    private Map<String, String> fresh() {
        long now = System.nanoTime();
        if (now - readAt > EVERY_NS) {
            readAt = now;
            values = load();
        }
        return values;
    }

    /** The file is replaced by rename, so what is there is whole; a file that is away leaves what was known. */
    private Map<String, String> load() {
        try {
            HashMap<String, String> m = new HashMap<>();
            for (String line : Files.readAllLines(path)) {
                int eq = line.indexOf('=');
                if (eq > 0) m.put(line.substring(0, eq), line.substring(eq + 1));
            }
            return m;
        } catch (IOException e) {
            return values;
        }
    }
}
