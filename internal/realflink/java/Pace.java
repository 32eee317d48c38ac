package sluice.load;

import java.io.Serializable;
import java.util.concurrent.locks.LockSupport;

/**
 * What a record costs: asleep (capacity without a processor, so that many subtasks fit on few cores) and spinning.
 * Sleeps are gathered into pieces of 2 ms and oversleeping is paid back, which keeps small costs accurate.
 */
public final class Pace implements Serializable {
    private static final long PIECE_NS = 2_000_000L;
    private static final long CREDIT_NS = 20_000_000L;

    private final Options options;
    private final String sleepOption, spinOption;
    private final double sleepMicros;
    private transient long sleepNs, spinNs, debt, lookedAt;
    private transient boolean looked;

    public Pace(Options options, String sleepOption, double sleepMicros, String spinOption) {
        this.options = options;
        this.sleepOption = sleepOption;
        this.sleepMicros = sleepMicros;
        this.spinOption = spinOption;
    }

    public void spend() {
        look();
        if (spinNs > 0) spin();
        if (sleepNs > 0) sleep();
    }

    private void look() {
        long now = System.nanoTime();
        if (looked && now - lookedAt < 200_000_000L) return;
        looked = true;
        lookedAt = now;
        sleepNs = (long) (options.live(sleepOption, sleepMicros) * 1000);
        spinNs = (long) (options.live(spinOption, 0) * 1000);
    }

    private void spin() {
        for (long end = System.nanoTime() + spinNs; System.nanoTime() < end; ) Thread.onSpinWait();
    }

    private void sleep() {
        debt += sleepNs;
        while (debt > PIECE_NS) {
            long from = System.nanoTime();
            LockSupport.parkNanos(debt);
            debt = Math.max(debt - (System.nanoTime() - from), -CREDIT_NS);
            if (Thread.currentThread().isInterrupted()) return; // the task is being cancelled
        }
    }
}
