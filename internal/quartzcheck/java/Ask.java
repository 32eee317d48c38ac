import java.io.BufferedReader;
import java.io.BufferedOutputStream;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.text.ParseException;
import java.util.Date;
import java.util.TimeZone;
import java.util.TreeSet;
import org.quartz.CronExpression;
import org.quartz.impl.calendar.DailyCalendar;

/** Answers a line of kind, zone, expression and moments with what Quartz makes of it. */
public class Ask {
    static final long DAY = 24 * 3600 * 1000L;

    public static void main(String[] args) throws Exception {
        // A daily calendar checks its ends on the day on which it is made.
        TimeZone.setDefault(TimeZone.getTimeZone("UTC"));
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        PrintStream out = new PrintStream(new BufferedOutputStream(System.out, 1 << 16), false, "UTF-8");
        for (String line; (line = in.readLine()) != null; ) {
            String[] question = line.split("\t", -1);
            String[] moments = question[3].split(" ");
            out.println(question[0].equals("cron")
                    ? cron(question[2], TimeZone.getTimeZone(question[1]), moments)
                    : daily(question[2], TimeZone.getTimeZone(question[1]), moments));
        }
        out.flush();
    }

    /** Judges each moment, and for each the next that satisfies the expression with its neighbours. */
    static String cron(String text, TimeZone zone, String[] moments) {
        if (!CronExpression.isValidExpression(text)) {
            return "invalid";
        }
        try {
            CronExpression expression = new CronExpression(text);
            expression.setTimeZone(zone);
            TreeSet<Long> asked = new TreeSet<>();
            for (String moment : moments) {
                long ms = Long.parseLong(moment);
                asked.add(ms);
                Date next = expression.getNextValidTimeAfter(new Date(ms));
                if (next != null) {
                    for (long near : new long[] {-7 * DAY, -1000, 0, 999, 1000, DAY, 7 * DAY}) {
                        asked.add(next.getTime() + near);
                    }
                }
            }
            StringBuilder answer = new StringBuilder();
            for (long ms : asked) {
                append(answer, ms, expression.isSatisfiedBy(new Date(ms)));
            }
            return answer.toString();
        } catch (ParseException e) {
            throw new IllegalStateException("valid, but not to be parsed: " + text, e);
        } catch (RuntimeException e) {
            return "fails";
        }
    }

    static String daily(String text, TimeZone zone, String[] moments) {
        DailyCalendar calendar;
        try {
            String[] ends = text.split("-");
            if (ends.length != 2) {
                return "invalid";
            }
            calendar = new DailyCalendar(ends[0], ends[1]);
        } catch (RuntimeException e) {
            return "invalid";
        }
        calendar.setTimeZone(zone);
        calendar.setInvertTimeRange(true);
        StringBuilder answer = new StringBuilder();
        for (String moment : moments) {
            long ms = Long.parseLong(moment);
            TreeSet<Long> asked = new TreeSet<>();
            asked.add(ms);
            for (long near = -1; near <= 1; near++) {
                asked.add(calendar.getTimeRangeStartingTimeInMillis(ms) + near);
                asked.add(calendar.getTimeRangeEndingTimeInMillis(ms) + near);
            }
            for (long near : asked) {
                append(answer, near, calendar.isTimeIncluded(near));
            }
        }
        return answer.toString();
    }

    static void append(StringBuilder answer, long ms, boolean inside) {
        answer.append(answer.length() == 0 ? "" : " ").append(ms).append(inside ? '+' : '-');
    }
}
