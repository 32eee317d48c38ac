package sluice.load;

import java.io.Serializable;
import org.apache.flink.runtime.state.KeyGroupRangeAssignment;

/**
 * The keys of the records, in turn. {@code --hot-share 0.6} gives that share of the records the key 0; with
 * {@code --even-keys true} every key group has the same number of keys, so that the load of a subtask is its number of
 * key groups and nothing else.
 */
public final class Keys implements Serializable {
    private final Options options;
    private final long[] keys;
    private transient double hotShare;
    private transient long lookedAt;
    private transient boolean looked;

    public Keys(Options options) {
        this.options = options;
        int range = options.number("key-range", 4096);
        keys = options.flag("even-keys") ? even(range, options.number("max-parallelism", 128)) : plain(range);
    }

    public long key(long sequence) {
        double hot = hotShare();
        if (hot > 0 && uniform(sequence) < hot) return 0;
        return keys[(int) Math.floorMod(sequence, (long) keys.length)];
    }

    private double hotShare() {
        long now = System.nanoTime();
        if (!looked || now - lookedAt > 200_000_000L) {
            looked = true;
            lookedAt = now;
            hotShare = options.live("hot-share", 0);
        }
        return hotShare;
    }

    private static long[] plain(int n) {
        long[] k = new long[n];
        for (int i = 0; i < n; i++) k[i] = i + 1;
        return k;
    }

    /** The first keys that fall into each key group, group by group in turn. */
    private static long[] even(int n, int groups) {
        int each = Math.max(1, n / groups);
        long[] k = new long[each * groups];
        int[] found = new int[groups];
        int filled = 0;
        for (long key = 1; filled < k.length; key++) {
            int g = KeyGroupRangeAssignment.assignToKeyGroup(key, groups);
            if (found[g] == each) continue;
            k[found[g]++ * groups + g] = key;
            filled++;
        }
        return k;
    }

    /** The sequence number as a number in [0, 1) that looks random (the finalizer of splitmix64). */
    private static double uniform(long z) {
        z += 0x9E3779B97F4A7C15L;
        z = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
        z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
        return ((z ^ (z >>> 31)) >>> 11) * 0x1.0p-53;
    }
}
